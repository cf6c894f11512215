import "@xterm/xterm/css/xterm.css";
import "./ui/styles.css";
import { App } from "./app";
import { takeIdentity } from "./net/identity";
import { registerServiceWorker } from "./pwa/register";
import { followVisualViewport } from "./ui/viewport";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no #app");
followVisualViewport();
new App(root, await takeIdentity()).start();
registerServiceWorker();
