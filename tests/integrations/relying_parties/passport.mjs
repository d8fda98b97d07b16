// A website with passport-openidconnect, unmodified: typed-in addresses, no PKCE, no nonce.
import express from "express";
import session from "express-session";
import passport from "passport";
import Strategy from "passport-openidconnect";

const [issuer, port] = process.argv.slice(2);
const self = `http://127.0.0.1:${port}`;
passport.use(new Strategy({
  issuer,
  authorizationURL: `${issuer}/authorize`,
  tokenURL: `${issuer}/token`,
  userInfoURL: `${issuer}/userinfo`,
  clientID: "wiki",
  clientSecret: process.env.CLIENT_SECRET,
  callbackURL: `${self}/callback`,
  scope: ["profile"],
}, (iss, profile, done) => done(null, { iss, ...profile })));
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.use(session({ secret: "only for tests", resave: false, saveUninitialized: false }));
app.use(passport.initialize());
app.get("/login", passport.authenticate("openidconnect"));
app.get("/callback", passport.authenticate("openidconnect", { session: false }), (request, response) => response.json(request.user));
app.use((error, _request, response, _next) => response.status(500).json({ error: error.message }));
app.listen(port, "127.0.0.1", () => console.log("ready"));
