/** Starts the page. */
import { startPage } from "./js/controller.js";

await startPage();
