"""PostgreSQL: the only place that runs queries, and the only one that commits."""
