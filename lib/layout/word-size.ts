/** Pointer size of the NT structures at hand, in bytes: 8 on x64 and arm64 (LLP64, equal layouts), 4 on x86 and under WOW64. */
export type WordSize = 8 | 4;
