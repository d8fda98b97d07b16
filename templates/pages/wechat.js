// The ways to WeChat and back. All pages share this file, and the drop-in widget.

// `home`: where an element may stand for a moment, in browsers without a clipboard. Answers whether it was copied.
async function copyText(text, home) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = home.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// Copy what a button holds, say so on it for two seconds, and go over to WeChat where it leads there. Where nothing can
// be copied, what can be copied by hand comes into view.
async function useCopy(button, text, opens, home, said) {
  button.label ??= button.textContent; // not what a second press finds there
  if (!await copyText(text, home)) return home.querySelector("details")?.setAttribute("open", "");
  if (opens) location.href = "weixin://";
  button.textContent = said;
  setTimeout(() => { button.textContent = button.label; }, 2000);
  return true;
}

// Inside WeChat's browser a page that has ended can close its window.
function offerDone(button) {
  const offer = () => {
    button.hidden = false;
    button.addEventListener("click", () => WeixinJSBridge.call("closeWindow"));
  };
  if (window.WeixinJSBridge) offer();
  else document.addEventListener("WeixinJSBridgeReady", offer);
}
