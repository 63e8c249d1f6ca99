// Before anything is drawn: the theme that was chosen, so that nothing flashes.
(() => {
  let wanted = "system";
  try {
    wanted = localStorage.getItem("theme") || wanted;
  } catch {
    // Storage may be forbidden; the system decides.
  }
  const light = wanted === "light" || (wanted === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
