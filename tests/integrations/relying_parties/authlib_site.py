"""A website with Authlib's client for Flask, unmodified: `python authlib_site.py ISSUER PORT`."""

import os
import sys

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session, url_for

ISSUER, PORT = sys.argv[1:3]
app = Flask(__name__)
app.secret_key = "only for tests"
oauth = OAuth(app)
oauth.register(
    "wechat",
    client_id="wiki",
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


@app.route("/login")
def login():
    return oauth.wechat.authorize_redirect(url_for("callback", _external=True))


@app.route("/callback")
def callback():
    token = oauth.wechat.authorize_access_token()
    session["user"] = dict(token["userinfo"])
    return redirect("/me")


@app.route("/me")
def me():
    return jsonify(session["user"])


app.run("127.0.0.1", int(PORT))
