/** Starts the page. */
import { startPage } from "./js/controller.js";
import { explainUnshown } from "./js/core/unshown.js";

explainUnshown();
await startPage();
