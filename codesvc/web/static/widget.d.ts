/** Types of the drop-in widget, `/widget.js`. Save this file into your project, or reference it. */

/** The WeChat said yes: to a verification or login `approved`, to a login of somebody new `unknown`, to a bind intent `bound`. */
export type CodesvcConfirmed = "approved" | "unknown" | "bound";
export type CodesvcEnded = "expired" | "canceled" | "exhausted" | "superseded" | "declined" | "conflict";
export type CodesvcStatus = "pending" | "scanned" | CodesvcConfirmed | CodesvcEnded;

/** How it ended. No proof, user or handle stands here: your server reads those with its key. */
export interface CodesvcResult {
  readonly status: CodesvcConfirmed | CodesvcEnded;
}

export interface CodesvcOptions {
  /** The `page_token` that `POST /v1/verifications`, `/v1/bind-intents` or `/v1/logins` answered to your server. */
  token: string;
  /** `zh…` or `en…`; otherwise the page's `lang`, otherwise the browser's language. */
  locale?: string;
  /** Takes the widget out of the element; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The service's address; needed only where the script is not a classic script tag of its own. */
  base?: string;
  /** Offer a new QR code or code in place of one that has ended or that another WeChat has used; `true` unless it is `false`. */
  renew?: boolean;
  /** Go to the verification's `return_url` after approval; the data attribute always does. */
  follow?: boolean;
}

export interface CodesvcChange {
  readonly status: CodesvcStatus;
  /** Of a verification. */
  readonly delivery?: { readonly channel: string; readonly status: string; readonly reason: string | null };
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
   * Puts a verification, bind intent or login into an element.
   *
   * Resolves when it has ended, approved or not. Where the person then gets a new one in its place, the element goes on: how
   * that ends is told by events. Rejects with a `CodesvcError` where there is nothing to verify, and with
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
    "codesvc:approved": CustomEvent<{ readonly status: CodesvcConfirmed }>;
    "codesvc:ended": CustomEvent<{ readonly status: CodesvcEnded }>;
    "codesvc:error": CustomEvent<CodesvcProblem>;
  }
}
