"""What a place for published files must hold, as tests; give it an empty place."""
# ruff: noqa: D102, S311 - a test is its sentence, and chance is no secret

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from syncline.errors import DataError
from syncline.publication.place import Place

LINK = "latest.csv"
LARGEST_PIECE = 1 << 22
NOTED = {"Content-Type": "text/csv", "rows": "3"}


def put(place: Place, name: str, content: bytes, **about: str) -> None:
    """A file in one go."""
    with place.draft() as draft:
        draft.write(content)
        place.put(draft, name, about)


def content(place: Place, name: str) -> bytes:
    """What a file holds."""
    with place.read(name) as file:
        return file.read()


def version(number: int) -> str:
    """The name of a file that sorts by its number."""
    return f"versions/{number:04}.csv"


class PlaceContract:
    """What every place must hold. A test class takes it on and gives the fixture `place`."""

    heeds_conditions = True

    def test_what_was_put_is_there_with_what_was_noted(self, place: Place) -> None:
        with place.draft() as draft:
            draft.write(b"abc")
            place.put(draft, version(1), NOTED)
        found = place.find(version(1))
        assert found is not None
        assert (found.name, found.size, found.about["rows"]) == (version(1), 3, "3")
        assert content(place, version(1)) == b"abc"

    def test_a_draft_that_was_not_put_leaves_nothing(self, place: Place) -> None:
        def broken() -> None:
            with place.draft() as draft:
                draft.write(b"abc")
                raise DataError("gone")

        with pytest.raises(DataError, match="gone"):
            broken()
        assert place.files("versions") == []
        assert place.find(version(1)) is None

    @pytest.mark.parametrize("size", [0, 1, 6_000_000], ids=["empty", "one byte", "large"])
    def test_content_of_any_size_comes_back(self, place: Place, size: int) -> None:
        whole = random.Random(size).randbytes(size)
        put(place, version(1), whole)
        assert content(place, version(1)) == whole

    @pytest.mark.parametrize("size", [0, 1, 9_000_000], ids=["empty", "one byte", "large"])
    def test_any_part_of_a_file_comes_in_small_pieces(self, place: Place, size: int) -> None:
        whole = random.Random(size).randbytes(size)
        put(place, version(1), whole)
        for start, stop in ((0, size), (0, min(size, 1)), (size // 2, size), (size, size), (size // 3, size // 2)):
            pieces = list(place.pieces(version(1), start, stop))
            assert b"".join(pieces) == whole[start:stop]
            assert all(len(piece) <= LARGEST_PIECE for piece in pieces)

    def test_names_may_be_in_any_script(self, place: Place) -> None:
        for name in ("versions/Ünï cödé 🎵.csv", "versions/100%25.csv", "versions/a+b&c=d.csv"):
            put(place, name, name.encode())
            assert content(place, name) == name.encode()
            assert name in [file.name for file in place.files("versions")]

    def test_files_come_in_the_order_of_their_names(self, place: Place) -> None:
        for number in (2, 10, 1):
            put(place, version(number), b"x" * number)
        put(place, "deltas/0001.csv", b"")
        assert [(file.name, file.size) for file in place.files("versions")] == [
            (version(number), number) for number in (1, 2, 10)
        ]

    def test_what_is_not_there_is_told(self, place: Place) -> None:
        assert (place.files("versions"), place.find(version(1)), place.shown(LINK)) == ([], None, "")
        with pytest.raises(DataError, match=r"0001.csv"):
            content(place, version(1))
        with pytest.raises(DataError, match=r"0001.csv"):
            place.pieces(version(1), 0, 1)
        place.remove(version(1))

    def test_what_was_removed_is_gone(self, place: Place) -> None:
        put(place, version(1), b"abc", rows="3")
        place.remove(version(1))
        assert (place.files("versions"), place.find(version(1))) == ([], None)

    def test_a_file_that_is_there_never_changes(self, place: Place) -> None:
        if not self.heeds_conditions:
            pytest.skip("this place cannot look before it writes")
        put(place, version(1), b"abc")
        put(place, version(1), b"other")
        assert content(place, version(1)) == b"abc"

    def test_a_copy_has_the_content_and_what_is_noted(self, place: Place) -> None:
        put(place, version(1), b"abc", rows="3")
        assert place.copy(version(1), version(2))
        found = place.find(version(2))
        assert found is not None
        assert (found.about["rows"], content(place, version(2))) == ("3", b"abc")
        place.remove(version(1))
        assert content(place, version(2)) == b"abc"

    def test_of_two_copies_to_one_name_the_first_counts(self, place: Place) -> None:
        if not self.heeds_conditions:
            pytest.skip("this place cannot look before it writes")
        put(place, version(1), b"one", rows="1")
        put(place, version(2), b"two", rows="2")
        assert (place.copy(version(1), version(3)), place.copy(version(2), version(3))) == (True, False)
        found = place.find(version(3))
        assert found is not None
        assert (content(place, version(3)), found.about["rows"]) == (b"one", "1")

    def test_a_link_goes_forward_only(self, place: Place) -> None:
        for number in range(4):
            put(place, version(number), b"%d" % number)
        for number, shown in ((1, 1), (2, 2), (0, 2), (2, 2), (3, 3)):
            place.forward(LINK, version(number))
            assert (place.shown(LINK), content(place, LINK)) == (version(shown), b"%d" % shown)

    def test_links_are_not_among_the_files(self, place: Place) -> None:
        put(place, version(1), b"abc")
        place.forward(LINK, version(1))
        place.sweep()
        assert [file.name for file in place.files("versions")] == [version(1)]
        assert place.shown(LINK) == version(1)

    def test_many_who_push_a_link_at_once_never_have_it_go_back(self, place: Place) -> None:
        if not self.heeds_conditions:
            pytest.skip("this place cannot look before it writes")
        numbers = list(range(24))
        for number in numbers:
            put(place, version(number), f"{number:04}".encode() * 1000)
        random.Random(1).shuffle(numbers)
        place.forward(LINK, version(0))
        done, seen = threading.Event(), list[str]()

        def look() -> None:
            while not done.is_set():
                text = content(place, LINK).decode()
                assert text == text[:4] * 1000
                seen.append(text[:4])

        with ThreadPoolExecutor(6) as pool:
            reader = pool.submit(look)
            list(pool.map(lambda number: place.forward(LINK, version(number)), numbers))
            done.set()
            reader.result()
        assert seen == sorted(seen)
        assert place.shown(LINK) == version(23)

    def test_a_check_says_what_people_should_know_and_leaves_nothing(self, place: Place) -> None:
        assert len(place.check()) == (0 if self.heeds_conditions else 1)
        assert place.files("versions") == []
