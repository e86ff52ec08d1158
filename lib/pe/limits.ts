/** What is read of a file at most. Beyond a limit stands a diagnosis, never a longer wait. */
export const PE_LIMITS = {
  /** Bytes read of one file, whatever it announces. */
  bytesRead: 8_388_608,
  /** The Windows loader takes 96 at most. */
  sections: 96,
  exports: 65_536,
  policyEntries: 256,
  enclaveImports: 256,
  /** Bytes of a name or string value. */
  stringBytes: 4096,
  certificates: 16,
  /** Bytes of one PKCS#7 signature. */
  signatureBytes: 1_048_576,
  /** Nodes and depth of its ASN.1 tree. */
  asn1Nodes: 16_384,
  asn1Depth: 64,
  /** Bytes of all object identifiers in a signature, which cost most by far. */
  identifierBytes: 65_536,
  nestedSignatures: 8,
  debugEntries: 64,
} as const;
