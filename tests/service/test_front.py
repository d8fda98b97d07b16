"""What stands at `/`, and the pages of problem types in the reader's language."""


async def test_programs_get_json_and_people_a_page(world):
    answer = await world.call("GET", "/", key=None)
    assert answer.json == {"service": "codesvc", "reference": "/docs", "contract": "/openapi.json"}
    for language, said in (("zh-CN", "微信验证码服务"), ("en", "Verification codes over WeChat")):
        page = await world.call("GET", "/", key=None, headers={"Accept": "text/html", "Accept-Language": language})
        assert said in page.text


async def test_a_problem_is_explained_in_the_reader_s_language(world):
    for language, said in (("zh-CN", "验证码不正确"), ("en-GB", "The code is wrong"), ("ZH-hant", "怎么办")):
        page = await world.call("GET", "/problems/wrong-code", key=None, headers={"Accept-Language": language})
        assert said in page.text
