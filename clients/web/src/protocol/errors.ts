import { CloseCode } from "./messages.gen";

/** The peer broke the protocol: the connection ends with `closeCode`; the message says how. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly closeCode: number;

  constructor(reason: string, closeCode: number = CloseCode.BAD_MESSAGE) {
    super(reason);
    this.closeCode = closeCode;
  }
}

/** A request that was refused, or whose connection was lost: `code` is one of ErrorCode, the message is for people. */
export class RequestFailure extends Error {
  override readonly name = "RequestFailure";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
