// How the script takes over from what the server wrote. That can be seen and tapped as it
// is, and a slow phone is busy for a tenth of a second with showing it anew. So the script,
// which the page asks for once it has been painted, opens the line, but shows nothing before
// there is something to tell: the line is there or is not to be had, there is a ticket that
// the server did not know of, or the form is sent.

import { Attend, type Own } from "./attend.svelte";
import { takeFirst, typedSoFar, type First } from "./first";

/** What is under way when the script begins to show the page. */
export interface Begun {
  attend: Attend;
  /** Why the scan, or what the form sent, was refused. */
  refusal?: string;
  /** What stands in the field for the code; undefined unless somebody is typing there. */
  typed?: string;
}

/** How long after a finger was lifted its click may come, in ms. */
const clickAfter = 300;

export function takeOver(show: (begun: Begun) => void): void {
  const form = document.querySelector<HTMLFormElement>("form.check-in");
  if (form) form.onsubmit = null; // from now on, what is sent is sent here
  let attend: Attend | undefined;
  let first: First;
  let touched = false;
  let shown = false;

  function begin(): Attend {
    if (attend) return attend;
    first = takeFirst()!;
    attend = new Attend(first.state.session, first, () => queueMicrotask(look)); // when all of it has been taken in
    settle();
    attend.start();
    look();
    return attend;
  }
  /** Shows what there is to tell, but takes no button away from under a finger. */
  function look(): void {
    if (!attend || touched || shown) return;
    const early = form?.dataset.early;
    if (early === "left") return;
    if (early === "sent") {
      if (attend.own.mark !== first.state.you[1]) attend.settled();
      else if (attend.status === "connecting" && !attend.refused) return;
      else return send(); // the answer may be lost
    }
    const heard = attend.status !== "connecting" || attend.asking !== "idle" || attend.refused;
    if (heard || attend.ticket !== first.ticket) showNow(attend);
  }
  function showNow(attend: Attend): void {
    if (shown) return;
    shown = true;
    show({ attend, refusal: document.querySelector(".refusal")?.textContent ?? undefined, typed: typedSoFar() });
  }
  /** Takes in what was answered to what the page itself has sent. */
  function settle(): void {
    const early = form?.dataset.early ?? "";
    if (early.startsWith("{") && !shown) attend?.settled(JSON.parse(early) as Own);
    look();
  }
  form?.addEventListener("answered", settle);

  addEventListener("pointerdown", () => (touched = true), true);
  for (const end of ["pointerup", "pointercancel"] as const) {
    const lifted = () => {
      touched = false;
      look();
    };
    addEventListener(end, () => setTimeout(lifted, clickAfter), true);
  }
  /** Sends what the form would, again and again until it is through. Digits are sent by the field that takes their place. */
  function send(): void {
    const attend = begin();
    if (attend.ticket) attend.checkIn();
    showNow(attend);
  }
  addEventListener("submit", (e) => {
    if (shown) return;
    e.preventDefault();
    send();
  });

  begin();
}
