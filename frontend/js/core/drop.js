/** Files dragged over the page go to whoever is in front: the box, or the gallery when it is open. */

/** `takers` is a list of `{target, when, take}`, asked in order. */
export function startDrop(takers) {
  const taker = () => takers.find(({ when }) => when());
  const mark = (over) => {
    for (const { target } of takers) target().classList.toggle("over", over && target() === taker().target());
  };
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      mark(true);
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    taker().take(event.dataTransfer?.files ?? []);
  });
}
