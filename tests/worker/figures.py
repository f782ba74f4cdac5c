"""What Prometheus would read of a worker."""

from prometheus_client.parser import text_string_to_metric_families


def read(health) -> dict[str, float]:
    """Every sample by its name, labels in order; those of one bucket left out."""
    families = text_string_to_metric_families(health.figures().decode())
    return {
        _named(sample): sample.value for family in families for sample in family.samples
    }


def _named(sample) -> str:
    labels = ",".join(
        f'{key}="{value}"' for key, value in sorted(sample.labels.items())
    )
    return f"{sample.name}{{{labels}}}" if labels else sample.name
