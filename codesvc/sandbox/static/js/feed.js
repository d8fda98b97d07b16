// Hears the sandbox's event stream, and comes back when it breaks off.

const KINDS = ["call", "callback", "quota", "fault", "clock", "settings", "reset", "account", "person", "message", "qrcode", "menu", "token", "template", "receipt", "review"];
const LONGEST_WAIT = 8000;

/** Listens for good. `onEvent(kind, data)` for each event, `onConnection(connected)` when the line goes up or down. */
export function listen({ onEvent, onConnection }) {
  let wait = 500;

  function connect() {
    const source = new EventSource("/sandbox/events");
    source.addEventListener("open", () => {
      wait = 500;
      onConnection(true);
    });
    source.addEventListener("error", () => {
      onConnection(false);
      // The browser retries a broken line by itself but gives up on a refused one, such as a restart's 502 or a 401.
      source.close();
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
    for (const kind of KINDS) source.addEventListener(kind, (event) => onEvent(kind, JSON.parse(event.data)));
  }

  connect();
}
