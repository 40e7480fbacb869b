// The ticket for a scanned code: it comes in the address, and is kept until it is
// used or has run out, so that signing in or a reload does not cost it.

const key = (session: number) => `muster.ticket.${session}`;

/** Takes the ticket out of the address, so that it stays out of history and links. */
export function takeTicket(session: number): string | undefined {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
  if (ticket) {
    history.replaceState(null, "", location.pathname + location.search);
    keepTicket(session, ticket);
    return ticket;
  }
  try {
    return sessionStorage.getItem(key(session)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepTicket(session: number, ticket: string | undefined): void {
  try {
    if (ticket) sessionStorage.setItem(key(session), ticket);
    else sessionStorage.removeItem(key(session));
  } catch {
    // Without storage the ticket lasts as long as the page.
  }
}
