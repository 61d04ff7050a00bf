// The numbers of Linux's x86-64 interface that system calls take.
#pragma once

namespace quire::machine::abi {

inline constexpr int kProtRead = 1;
inline constexpr int kProtWrite = 2;

inline constexpr int kMapShared = 0x01;
inline constexpr int kMapPrivate = 0x02;
inline constexpr int kMapTypeMask = 0x0f;
inline constexpr int kMapFixed = 0x10;
inline constexpr int kMapAnonymous = 0x20;

inline constexpr int kMadvDontneed = 4;
inline constexpr int kMadvFree = 8;
inline constexpr int kMadvHugepage = 14;
inline constexpr int kMadvNohugepage = 15;
inline constexpr int kMadvPageout = 21;

inline constexpr int kFallocKeepSize = 1;
inline constexpr int kFallocPunchHole = 2;

inline constexpr int kOAccessMode = 3;
inline constexpr int kOCreat = 0x40;
inline constexpr int kOExcl = 0x80;
inline constexpr int kOTrunc = 0x200;

inline constexpr int kMsAsync = 1;
inline constexpr int kMsInvalidate = 2;
inline constexpr int kMsSync = 4;

}  // namespace quire::machine::abi
