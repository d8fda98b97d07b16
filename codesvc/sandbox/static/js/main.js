// Starts the page.

import { onLocked } from "./control.js";
import { element } from "./element.js";
import { language, say } from "./language.js";
import { askToken } from "./people.js";
import { applyTheme } from "./preferences.js";
import { Shell } from "./shell.js";
import { world } from "./world.js";

applyTheme();
document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.title = say("title");

let asking = null;
onLocked(() => (asking ??= askToken().finally(() => (asking = null))));

await world.start();
if (world.state) document.body.append(new Shell().node);
else document.body.append(element("p", { class: "empty", role: "alert" }, say("unreachable")));
