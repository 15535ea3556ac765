from argon2 import Parameters, extract_parameters
from argon2.low_level import Type

from tests.serve.conftest import PRODUCT_HASHER


def test_passwords_are_hashed_by_argon2id_as_strongly_as_rfc_9106_recommends():
    made = extract_parameters(PRODUCT_HASHER.hash("vier Worte im Rathaus"))
    assert isinstance(made, Parameters)
    assert made.type is Type.ID
    assert (made.time_cost, made.memory_cost, made.parallelism) == (3, 65536, 4)
    assert (made.salt_len, made.hash_len) == (16, 32)
