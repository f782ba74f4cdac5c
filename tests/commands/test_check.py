"""`eventide check`, as the operator of a service in order sees it."""


async def test_a_service_in_order_is_told_to_be(clinic):
    result = await clinic.check("--json")

    print(result.output)
    assert result.exit_code == 0
