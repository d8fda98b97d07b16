"""Agents of customer service and their sessions: `/cgi-bin/customservice/*`, `/customservice/*`.

They are after WeChat's documentation.
"""

from functools import partial

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.rights import Right


def list_agents(call: Call) -> Answer:
    """All agents; a success has no errcode."""
    return {
        "kf_list": [
            {
                "kf_account": agent.account,
                "kf_headimgurl": "http://mmbiz.qpic.cn/mmbiz/sandbox/300?wx_fmt=png",
                "kf_id": str(agent.number),
                "kf_nick": agent.nickname,
                **({"kf_wx": agent.wechat} if agent.wechat else {}),
            }
            for agent in call.account.agents.all()
        ]
    }


def list_online(call: Call) -> Answer:
    """The agents that are online, with the number of their sessions; a success has no errcode."""
    agents = call.account.agents
    cases = [account for account, _ in agents.sessions.values()]
    return {
        "kf_online_list": [
            {
                "kf_account": agent.account,
                "status": 1,
                "kf_id": str(agent.number),
                "accepted_case": cases.count(agent.account),
            }
            for agent in agents.all()
            if agent.wechat
        ]
    }


def add_agent(call: Call) -> Answer:
    """Make an agent."""
    call.account.agents.add(call.text("kf_account"), call.text("nickname"))
    return OK


def rename_agent(call: Call) -> Answer:
    """Give an agent another nickname."""
    call.account.agents.rename(call.text("kf_account"), call.text("nickname"))
    return OK


def invite_agent(call: Call) -> Answer:
    """Invite a WeChat account to be an agent; here they have accepted at once."""
    call.account.agents.invite(call.text("kf_account"), call.text("invite_wx"))
    return OK


def remove_agent(call: Call) -> Answer:
    """Remove an agent, who is named in the query, or in the body of a POST."""
    call.account.agents.remove(call.query.get("kf_account") or (call.text("kf_account") if call.raw else ""))
    return OK


def open_session(call: Call) -> Answer:
    """Give a follower to an agent."""
    contact = call.account.contact(call.body.get("openid"))
    call.account.agents.open(call.text("kf_account"), contact.openid, call.now)
    return OK


def close_session(call: Call) -> Answer:
    """End a session."""
    contact = call.account.contact(call.body.get("openid"))
    call.account.agents.close(call.text("kf_account"), contact.openid)
    return OK


def get_session(call: Call) -> Answer:
    """The session of a follower; without one the account is empty."""
    contact = call.account.contact(call.query.get("openid", ""))
    agent, began = call.account.agents.sessions.get(contact.openid, ("", 0.0))
    return {**OK, "kf_account": agent, "createtime": int(began)}


def list_sessions(call: Call) -> Answer:
    """The sessions of one agent; a success has no errcode."""
    agent = call.account.agents.find(call.query.get("kf_account", "")).account
    sessions = call.account.agents.sessions
    return {
        "sessionlist": [
            {"createtime": int(at), "openid": openid} for openid, (who, at) in sessions.items() if who == agent
        ]
    }


def list_waiting(call: Call) -> Answer:
    """The followers that a reply handed over to customer service and whom no agent has; a success has no errcode."""
    waiting = call.account.agents.waiting
    cases = [{"latest_time": int(at), "openid": openid} for openid, at in waiting.items()]
    return {"count": len(cases), "waitcaselist": cases[:100]}


_endpoint = partial(Endpoint, right=Right.AGENTS)
ENDPOINTS = (
    _endpoint("/cgi-bin/customservice/getkflist", "GET", list_agents),
    _endpoint("/cgi-bin/customservice/getonlinekflist", "GET", list_online),
    _endpoint("/customservice/kfaccount/add", "POST", add_agent, errors="65403H 65404H 65405H 65406H"),
    _endpoint("/customservice/kfaccount/update", "POST", rename_agent, errors="65401H 65403H"),
    _endpoint("/customservice/kfaccount/inviteworker", "POST", invite_agent, errors="65401H 65407M 40035?"),
    _endpoint("/customservice/kfaccount/del", "GET", remove_agent, errors="65401H", posted=True),
    _endpoint("/customservice/kfsession/create", "POST", open_session, errors="40003H 65401H 65402H 65414H"),
    _endpoint("/customservice/kfsession/close", "POST", close_session, errors="40003H 65401H 65413H"),
    _endpoint("/customservice/kfsession/getsession", "GET", get_session, errors="40003H"),
    _endpoint("/customservice/kfsession/getsessionlist", "GET", list_sessions, errors="65401H"),
    _endpoint("/customservice/kfsession/getwaitcase", "GET", list_waiting),
)
