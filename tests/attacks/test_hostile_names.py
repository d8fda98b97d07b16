"""Names with letters that mean something in HTML, in a chat or in a mail's head: shown as they are, everywhere."""

from tests.people.asks import bind_by_scan, login, scan
from tests.relay.conftest import new_relay, send, stub  # noqa: F401
from tests.stores import until

NAME = """Tom & "Jerry's" {{ 7 * 7 }} ${x} %s &lt;b&gt;"""
IN_HTML = "Tom &amp; &#34;Jerry&#39;s&#34; {{ 7 * 7 }} ${x} %s &amp;lt;b&amp;gt;"


async def test_a_name_is_text_in_pages_in_the_chat_in_messages_and_at_the_gateway(new_relay, stub):  # noqa: F811
    async with new_relay(sites__shop__name=NAME) as world:
        person = await world.person()
        await bind_by_scan(world, "alice", person)
        started = await world.start("alice", purpose="reset")
        asked = await login(world)
        for path in (started["page_url"], asked["page_url"]):
            async with world.http.get(path, headers={"Accept-Language": "en"}) as answer:
                page = await answer.text()
            assert NAME not in page
            assert IN_HTML in page
        assert NAME in await scan(world, person, asked)
        fields = [field["value"] for message in await person.messages("template") for field in message["data"].values()]
        assert any(NAME[:8] in field for field in fields)
        await send(world, phone="+8613900139000")
        await until(lambda: stub.requests)
        assert b"Tom & " in stub.requests[0][1]
        assert b"&amp;" not in stub.requests[0][1]
