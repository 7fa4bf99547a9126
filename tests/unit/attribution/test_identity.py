from leads.attribution.identity import read_phones, resolve_masks

MASKS = ("138****0001", "138****0002")


def test_a_number_spelled_twice_is_one_phone():
    assert read_phones(["138 0000 0001", "+8613800000001", "13800000002"], masked=False) == (
        "+8613800000001",
        "+8613800000002",
    )


def test_one_bad_phone_spoils_the_filing():
    assert read_phones(["13800000001", "nonsense"], masked=False) is None
    assert read_phones([], masked=False) is None


def test_a_mask_is_no_phone_in_full_mode_nor_a_phone_a_mask_in_masked_mode():
    assert read_phones(["138****0001"], masked=False) is None
    assert read_phones(["13800000001"], masked=True) is None


def test_masks_stay_in_the_order_filed():
    assert read_phones(list(reversed(MASKS)), masked=True) == tuple(reversed(MASKS))


def test_full_numbers_fit_the_masks_in_the_order_filed():
    assert resolve_masks(MASKS, ["13800000001", "138 0000 0002"]) == ("+8613800000001", "+8613800000002")


def test_as_many_numbers_as_masks_each_fitting_its_own():
    assert resolve_masks(MASKS, ["13800000001"]) is None
    assert resolve_masks(MASKS, ["13800000002", "13800000001"]) is None
    assert resolve_masks(MASKS, ["13800000001", "13800000002", "13800000003"]) is None
    assert resolve_masks(MASKS, ["13800000001", "nonsense"]) is None


def test_two_people_may_share_a_mask_but_not_a_number():
    twice = ("138****0001", "138****0001")
    assert resolve_masks(twice, ["13800000001", "13811110001"]) == ("+8613800000001", "+8613811110001")
    assert resolve_masks(twice, ["13800000001", "13800000001"]) is None
