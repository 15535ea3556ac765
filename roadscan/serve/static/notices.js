// @ts-check
/** The notices stand in the page as it comes; here is only what all pages do. */
import "./page.js";
