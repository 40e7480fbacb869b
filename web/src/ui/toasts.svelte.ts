// Short messages that go by themselves: done, undone, copied.

export interface Toast {
  readonly key: number;
  readonly text: string;
  readonly action?: { readonly words: string; readonly act: () => void };
}

const shownFor = 6000; // ms

export class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  #next = 1;

  /** say shows a message. The newest replaces the one before: nobody reads two. */
  say(text: string, action?: Toast["action"]): void {
    const toast: Toast = { key: this.#next++, text, ...(action ? { action } : {}) };
    this.shown = [toast];
    setTimeout(() => this.dismiss(toast), shownFor);
  }

  clear(): void {
    this.shown = [];
  }

  dismiss(toast: Toast): void {
    this.shown = this.shown.filter((t) => t !== toast);
  }
}
