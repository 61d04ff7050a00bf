// The numbers of Linux's x86-64 interface that system calls take.
#pragma once

namespace quire::machine::abi {

inline constexpr int kProtRead = 1;
inline constexpr int kProtWrite = 2;
/// All that mprotect() knows; PROT_EXEC and PROT_SEM change nothing here.
inline constexpr int kProtMask = 0xf;

inline constexpr int kMapShared = 0x01;
inline constexpr int kMapPrivate = 0x02;
inline constexpr int kMapTypeMask = 0x0f;
inline constexpr int kMapFixed = 0x10;
inline constexpr int kMapAnonymous = 0x20;
inline constexpr int kMapPopulate = 0x8000;
inline constexpr int kMapNonblock = 0x10000;

inline constexpr int kMremapMaymove = 1;
inline constexpr int kMremapFixed = 2;
inline constexpr int kMremapDontunmap = 4;

inline constexpr int kMclCurrent = 1;
inline constexpr int kMclFuture = 2;
inline constexpr int kMclOnfault = 4;
inline constexpr int kMlockOnfault = 1;

inline constexpr int kMadvNormal = 0;
inline constexpr int kMadvRandom = 1;
inline constexpr int kMadvSequential = 2;
inline constexpr int kMadvWillneed = 3;
inline constexpr int kMadvDontneed = 4;
inline constexpr int kMadvFree = 8;
inline constexpr int kMadvRemove = 9;
inline constexpr int kMadvDontfork = 10;
inline constexpr int kMadvDofork = 11;
inline constexpr int kMadvHugepage = 14;
inline constexpr int kMadvNohugepage = 15;
inline constexpr int kMadvDontdump = 16;
inline constexpr int kMadvDodump = 17;
inline constexpr int kMadvWipeonfork = 18;
inline constexpr int kMadvKeeponfork = 19;
inline constexpr int kMadvCold = 20;
inline constexpr int kMadvPageout = 21;
inline constexpr int kMadvPopulateRead = 22;
inline constexpr int kMadvPopulateWrite = 23;
inline constexpr int kMadvDontneedLocked = 24;
inline constexpr int kMadvCollapse = 25;
inline constexpr int kMadvHwpoison = 100;
inline constexpr int kMadvGuardInstall = 102;
inline constexpr int kMadvGuardRemove = 103;

inline constexpr int kFallocKeepSize = 1;
inline constexpr int kFallocPunchHole = 2;

inline constexpr int kORdonly = 0;
inline constexpr int kOWronly = 1;
inline constexpr int kORdwr = 2;
inline constexpr int kOAccessMode = 3;
inline constexpr int kOCreat = 0x40;
inline constexpr int kOExcl = 0x80;
inline constexpr int kOTrunc = 0x200;
inline constexpr int kOReadOnly = 0;
inline constexpr int kOWriteOnly = 1;
inline constexpr int kOReadWrite = 2;
inline constexpr int kOAppend = 0x400;
inline constexpr int kODirectory = 0x10000;
inline constexpr int kONofollow = 0x20000;

inline constexpr int kSeekSet = 0;
inline constexpr int kSeekCur = 1;
inline constexpr int kSeekEnd = 2;
inline constexpr int kSeekData = 3;
inline constexpr int kSeekHole = 4;

inline constexpr int kRenameNoreplace = 1;
inline constexpr int kRenameExchange = 2;
inline constexpr int kRenameWhiteout = 4;

inline constexpr int kXattrCreate = 1;
inline constexpr int kXattrReplace = 2;

inline constexpr int kUtimeNow = (1 << 30) - 1;
inline constexpr int kUtimeOmit = (1 << 30) - 2;

inline constexpr unsigned kTypeMask = 0170000;
inline constexpr unsigned kTypeRegular = 0100000;
inline constexpr unsigned kTypeCharacter = 0020000;

inline constexpr int kMsAsync = 1;
inline constexpr int kMsInvalidate = 2;
inline constexpr int kMsSync = 4;

inline constexpr unsigned kSyncFileRangeMask = 7;

}  // namespace quire::machine::abi
