/** Types of the drop-in widget, `/widget.js`. Save this file into your project, or reference it. */

export type CodesvcStatus = "pending" | "approved" | "expired" | "exhausted" | "canceled" | "superseded";

/** How it ended. No proof stands here: your server reads that with its key. */
export interface CodesvcResult {
  readonly status: Exclude<CodesvcStatus, "pending">;
}

export interface CodesvcOptions {
  /** The `page_token` that `POST /v1/verifications` answered to your server. */
  token: string;
  /** `zh…` or `en…`; otherwise the page's `lang`, otherwise the browser's language. */
  locale?: string;
  /** Takes the widget out of the element; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The service's address; needed only where the script is not a classic script tag of its own. */
  base?: string;
  /** Go to the verification's `return_url` after approval; the data attribute always does. */
  follow?: boolean;
}

export interface CodesvcChange {
  readonly status: CodesvcStatus;
  readonly delivery: { readonly channel: string; readonly status: string; readonly reason: string | null };
}

export interface CodesvcProblem {
  /** `refused`, `missing`, `offline`, or the last part of a problem's `type`, such as `wrong-code`. */
  readonly problem: string;
  /** For people, except that of `refused` and `missing`, which is for you. */
  readonly message: string;
  /** Whether the widget has given up; the promise then rejects with a `CodesvcError`. */
  readonly fatal: boolean;
}

export interface CodesvcError extends Error {
  readonly problem: string;
}

export interface Codesvc {
  /**
   * Puts the verification into an element.
   *
   * Resolves when it has ended, approved or not. Rejects with a `CodesvcError` where there is nothing to verify, and with
   * an `AbortError` where the element was taken out of the page or given to another verification.
   */
  verify(element: Element, options: CodesvcOptions): Promise<CodesvcResult>;
  readonly CodesvcError: new (problem: string, message: string) => CodesvcError;
}

declare global {
  const codesvc: Codesvc;
  interface Window {
    readonly codesvc: Codesvc;
  }
  interface HTMLElementEventMap {
    "codesvc:change": CustomEvent<CodesvcChange>;
    /** Cancelable: `preventDefault()` keeps the data attribute from going to `return_url`. */
    "codesvc:approved": CustomEvent<{ readonly status: "approved" }>;
    "codesvc:ended": CustomEvent<{ readonly status: "expired" | "exhausted" | "canceled" | "superseded" }>;
    "codesvc:error": CustomEvent<CodesvcProblem>;
  }
}
