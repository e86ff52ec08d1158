/** The SKCALL block of a secure call, 104 bytes (facts/vsm.md 3.2). */

export const SECURE_CALL_BLOCK_BYTES = 104;
const SECURE_CALL_ARGUMENTS = 12;
const ARGUMENTS = 8;

/** What the call asks of the secure kernel. 2 is public; the number of the other differs by build and is this emulator's choice. */
export const SecureOperation = { RESUME_THREAD: 1, INVOKE_SERVICE: 2 } as const;

export interface SecureCallBlock {
  readonly operation: number;
  readonly serviceCode: number;
  /** The secure thread it is for; 0: one of a pool (facts/vsm.md 3.9). */
  readonly threadCookie: number;
  readonly args: readonly bigint[];
}

export const encodeSecureCall = ({ operation, serviceCode, threadCookie, args }: SecureCallBlock): Uint8Array => {
  const view = new DataView(new ArrayBuffer(SECURE_CALL_BLOCK_BYTES));
  view.setUint8(0, operation);
  view.setUint16(2, serviceCode, true);
  view.setUint32(4, threadCookie, true);
  args.slice(0, SECURE_CALL_ARGUMENTS).forEach((value, index) => {
    view.setBigUint64(ARGUMENTS + index * 8, value, true);
  });
  return new Uint8Array(view.buffer);
};

/** @param bytes `SECURE_CALL_BLOCK_BYTES` of them: a copy that VTL0 cannot change any more */
export const parseSecureCall = (bytes: Uint8Array): SecureCallBlock => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SECURE_CALL_BLOCK_BYTES);
  return {
    operation: view.getUint8(0),
    serviceCode: view.getUint16(2, true),
    threadCookie: view.getUint32(4, true),
    args: Array.from({ length: SECURE_CALL_ARGUMENTS }, (_, index) => view.getBigUint64(ARGUMENTS + index * 8, true)),
  };
};
