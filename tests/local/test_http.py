"""HTTP-triggered functions through the local host."""

import io
from urllib.parse import urlsplit

from yarl import URL

from tests.local.conftest import Site


async def test_a_function_is_given_the_whole_request(site: Site) -> None:
    body = b"\x00\xff bytes"
    url = "/api/echo/hi?a=1&a=2&b=%20x"
    async with site.http.post(url, data=body, headers={"X-Asked": "yes"}) as response:
        given = await response.json()
    assert given["method"] == "POST"
    assert given["url"] == f"{site.info.url}{url}"
    assert given["params"] == {"a": "1,2", "b": " x"}
    assert given["route"] == {"word": "hi"}
    assert given["headers"]["x-asked"] == "yes"
    assert given["body"].encode("latin-1") == body


async def test_status_headers_and_cookies_of_the_answer_arrive(site: Site) -> None:
    async with site.http.put("/api/echo/hi") as response:
        assert response.status == 201
        assert response.headers["X-Word"] == "hi"
        assert response.headers["Set-Cookie"] == "seen=1; Path=/; HttpOnly"
        assert response.content_type == "application/json"


async def test_a_literal_route_wins_over_a_parameter(site: Site) -> None:
    async with site.http.post("/api/echo/files") as response:
        assert await response.text() == "the literal route"


async def test_a_catch_all_takes_the_rest_of_the_path(site: Site) -> None:
    async with site.http.get("/api/files/7/.claude/outputs/a%20b.md") as response:
        assert await response.json() == {"id": "7", "path": ".claude/outputs/a b.md"}


async def test_what_azures_web_server_answers_itself_reaches_no_function(site: Site) -> None:
    for path, status in (("a%00b", 400), ("%2e%2e", 404), ("a/%2E", 404), ("a/.%2e/b", 404)):
        async with site.http.get(URL(f"{site.info.url}/api/files/7/{path}", encoded=True)) as response:
            assert (response.status, await response.read()) == (status, b""), path
    async with site.http.get("/api/files/7/..a/b..md") as response:
        assert response.status == 200


async def test_a_method_or_path_that_no_route_takes_is_not_found(site: Site) -> None:
    async with site.http.get("/api/echo/hi") as response:
        assert response.status == 404
    async with site.http.get("/api/nowhere") as response:
        assert response.status == 404


async def test_a_function_that_raises_answers_500_and_the_next_call_works(site: Site) -> None:
    async with site.http.get("/api/broken") as response:
        assert response.status == 500
        assert await response.read() == b""
    async with site.http.post("/api/echo/files") as response:
        assert response.status == 200


async def test_a_body_of_many_megabytes_arrives_whole(site: Site) -> None:
    body = bytes(range(256)) * 20_000
    async with site.http.post("/api/echo/hi", data=io.BytesIO(body)) as response:
        assert (await response.json())["body"].encode("latin-1") == body


async def test_a_page_of_another_site_is_refused(site: Site) -> None:
    async with site.http.post("/api/echo/files", headers={"Origin": "https://elsewhere.example"}) as response:
        assert response.status == 403
    async with site.http.post("/api/echo/files", headers={"Origin": site.info.url}) as response:
        assert response.status == 200


async def test_a_foreign_name_for_this_machine_is_refused(site: Site) -> None:
    async with site.http.post("/api/echo/files", headers={"Host": "rebound.example"}) as response:
        assert response.status == 403


async def test_the_host_listens_on_loopback_only(site: Site) -> None:
    assert urlsplit(site.info.url).hostname == "127.0.0.1"
    assert "BlobEndpoint=http://127.0.0.1:" in site.info.storage
