#include "scenario/constants.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace quire::scenario {
namespace {

struct Constant {
  std::string_view name;
  std::int64_t value;
};

// include/uapi of Linux as x86-64 sees it, but O_LARGEFILE, which is 0 to a 64-bit caller.
constexpr auto kConstants = std::to_array<Constant>({
    {"PROT_NONE", 0x0},
    {"PROT_READ", 0x1},
    {"PROT_WRITE", 0x2},
    {"PROT_EXEC", 0x4},
    {"PROT_SEM", 0x8},
    {"PROT_GROWSDOWN", 0x1000000},
    {"PROT_GROWSUP", 0x2000000},
    {"MAP_FAILED", -1},
    {"MAP_FILE", 0x0},
    {"MAP_SHARED", 0x1},
    {"MAP_PRIVATE", 0x2},
    {"MAP_SHARED_VALIDATE", 0x3},
    {"MAP_DROPPABLE", 0x8},
    {"MAP_TYPE", 0xf},
    {"MAP_FIXED", 0x10},
    {"MAP_ANON", 0x20},
    {"MAP_ANONYMOUS", 0x20},
    {"MAP_32BIT", 0x40},
    {"MAP_GROWSDOWN", 0x100},
    {"MAP_DENYWRITE", 0x800},
    {"MAP_EXECUTABLE", 0x1000},
    {"MAP_LOCKED", 0x2000},
    {"MAP_NORESERVE", 0x4000},
    {"MAP_POPULATE", 0x8000},
    {"MAP_NONBLOCK", 0x10000},
    {"MAP_STACK", 0x20000},
    {"MAP_HUGETLB", 0x40000},
    {"MAP_SYNC", 0x80000},
    {"MAP_FIXED_NOREPLACE", 0x100000},
    {"MAP_UNINITIALIZED", 0x4000000},
    {"MAP_HUGE_2MB", 0x54000000},
    {"MAP_HUGE_1GB", 0x78000000},
    {"MADV_NORMAL", 0x0},
    {"MADV_RANDOM", 0x1},
    {"MADV_SEQUENTIAL", 0x2},
    {"MADV_WILLNEED", 0x3},
    {"MADV_DONTNEED", 0x4},
    {"MADV_FREE", 0x8},
    {"MADV_REMOVE", 0x9},
    {"MADV_DONTFORK", 0xa},
    {"MADV_DOFORK", 0xb},
    {"MADV_MERGEABLE", 0xc},
    {"MADV_UNMERGEABLE", 0xd},
    {"MADV_HUGEPAGE", 0xe},
    {"MADV_NOHUGEPAGE", 0xf},
    {"MADV_DONTDUMP", 0x10},
    {"MADV_DODUMP", 0x11},
    {"MADV_WIPEONFORK", 0x12},
    {"MADV_KEEPONFORK", 0x13},
    {"MADV_COLD", 0x14},
    {"MADV_PAGEOUT", 0x15},
    {"MADV_POPULATE_READ", 0x16},
    {"MADV_POPULATE_WRITE", 0x17},
    {"MADV_DONTNEED_LOCKED", 0x18},
    {"MADV_COLLAPSE", 0x19},
    {"MADV_HWPOISON", 0x64},
    {"MADV_SOFT_OFFLINE", 0x65},
    {"MADV_GUARD_INSTALL", 0x66},
    {"MADV_GUARD_REMOVE", 0x67},
    {"FALLOC_FL_KEEP_SIZE", 0x1},
    {"FALLOC_FL_PUNCH_HOLE", 0x2},
    {"FALLOC_FL_NO_HIDE_STALE", 0x4},
    {"FALLOC_FL_COLLAPSE_RANGE", 0x8},
    {"FALLOC_FL_ZERO_RANGE", 0x10},
    {"FALLOC_FL_INSERT_RANGE", 0x20},
    {"FALLOC_FL_UNSHARE_RANGE", 0x40},
    {"FALLOC_FL_WRITE_ZEROES", 0x80},
    {"MS_ASYNC", 0x1},
    {"MS_INVALIDATE", 0x2},
    {"MS_SYNC", 0x4},
    {"SYNC_FILE_RANGE_WAIT_BEFORE", 0x1},
    {"SYNC_FILE_RANGE_WRITE", 0x2},
    {"SYNC_FILE_RANGE_WAIT_AFTER", 0x4},
    {"SYNC_FILE_RANGE_WRITE_AND_WAIT", 0x7},
    {"POSIX_FADV_NORMAL", 0},
    {"POSIX_FADV_RANDOM", 1},
    {"POSIX_FADV_SEQUENTIAL", 2},
    {"POSIX_FADV_WILLNEED", 3},
    {"POSIX_FADV_DONTNEED", 4},
    {"POSIX_FADV_NOREUSE", 5},
    {"PF_MEMALLOC_NOFS", 0x40000},
    {"PF_MEMALLOC_NOIO", 0x80000},
    {"GFP_KERNEL", 0xcc0},
    {"GFP_NOFS", 0xc40},
    {"GFP_NOIO", 0xc00},
    {"O_LARGEFILE", 0x0},
    {"O_RDONLY", 0x0},
    {"O_WRONLY", 0x1},
    {"O_RDWR", 0x2},
    {"O_ACCMODE", 0x3},
    {"O_CREAT", 0x40},
    {"O_EXCL", 0x80},
    {"O_NOCTTY", 0x100},
    {"O_TRUNC", 0x200},
    {"O_APPEND", 0x400},
    {"O_NDELAY", 0x800},
    {"O_NONBLOCK", 0x800},
    {"O_DSYNC", 0x1000},
    {"O_ASYNC", 0x2000},
    {"O_DIRECT", 0x4000},
    {"O_DIRECTORY", 0x10000},
    {"O_NOFOLLOW", 0x20000},
    {"O_NOATIME", 0x40000},
    {"O_CLOEXEC", 0x80000},
    {"O_FSYNC", 0x101000},
    {"O_RSYNC", 0x101000},
    {"O_SYNC", 0x101000},
    {"O_PATH", 0x200000},
    {"O_TMPFILE", 0x410000},
    {"S_IFMT", 0170000},
    {"S_IFLNK", 0120000},
    {"S_IFREG", 0100000},
    {"S_IFDIR", 0040000},
    {"S_IFCHR", 0020000},
    {"S_ISUID", 04000},
    {"S_ISGID", 02000},
    {"S_ISVTX", 01000},
    {"F_OK", 0x0},
    {"X_OK", 0x1},
    {"W_OK", 0x2},
    {"R_OK", 0x4},
    {"RENAME_NOREPLACE", 0x1},
    {"RENAME_EXCHANGE", 0x2},
    {"RENAME_WHITEOUT", 0x4},
    {"XATTR_CREATE", 0x1},
    {"XATTR_REPLACE", 0x2},
    {"UTIME_NOW", 0x3fffffff},
    {"UTIME_OMIT", 0x3ffffffe},
    {"SEEK_SET", 0x0},
    {"SEEK_CUR", 0x1},
    {"SEEK_END", 0x2},
    {"SEEK_DATA", 0x3},
    {"SEEK_HOLE", 0x4},
    {"MFD_CLOEXEC", 0x1},
    {"MFD_ALLOW_SEALING", 0x2},
    {"MFD_HUGETLB", 0x4},
    {"MFD_NOEXEC_SEAL", 0x8},
    {"MFD_EXEC", 0x10},
    {"MREMAP_MAYMOVE", 0x1},
    {"MREMAP_FIXED", 0x2},
    {"MREMAP_DONTUNMAP", 0x4},
    {"MLOCK_ONFAULT", 0x1},
    {"MCL_CURRENT", 0x1},
    {"MCL_FUTURE", 0x2},
    {"MCL_ONFAULT", 0x4},
    {"MPOL_MF_STRICT", 0x1},
    {"MPOL_MF_MOVE", 0x2},
    {"MPOL_MF_MOVE_ALL", 0x4},
    {"PR_MCE_KILL", 0x21},
    {"PR_MCE_KILL_GET", 0x22},
    {"PR_MCE_KILL_CLEAR", 0x0},
    {"PR_MCE_KILL_SET", 0x1},
    {"PR_MCE_KILL_LATE", 0x0},
    {"PR_MCE_KILL_EARLY", 0x1},
    {"PR_MCE_KILL_DEFAULT", 0x2},
    {"UFFD_USER_MODE_ONLY", 0x1},
    {"UFFD_FEATURE_PAGEFAULT_FLAG_WP", 0x1},
    {"UFFD_FEATURE_EVENT_FORK", 0x2},
    {"UFFD_FEATURE_EVENT_REMAP", 0x4},
    {"UFFD_FEATURE_EVENT_REMOVE", 0x8},
    {"UFFD_FEATURE_MISSING_HUGETLBFS", 0x10},
    {"UFFD_FEATURE_MISSING_SHMEM", 0x20},
    {"UFFD_FEATURE_EVENT_UNMAP", 0x40},
    {"UFFD_FEATURE_SIGBUS", 0x80},
    {"UFFD_FEATURE_THREAD_ID", 0x100},
    {"UFFD_FEATURE_MINOR_HUGETLBFS", 0x200},
    {"UFFD_FEATURE_MINOR_SHMEM", 0x400},
    {"UFFD_FEATURE_EXACT_ADDRESS", 0x800},
    {"UFFD_FEATURE_WP_HUGETLBFS_SHMEM", 0x1000},
    {"UFFD_FEATURE_WP_UNPOPULATED", 0x2000},
    {"UFFD_FEATURE_POISON", 0x4000},
    {"UFFD_FEATURE_WP_ASYNC", 0x8000},
    {"UFFD_FEATURE_MOVE", 0x10000},
    {"UFFDIO_REGISTER_MODE_MISSING", 0x1},
    {"UFFDIO_REGISTER_MODE_WP", 0x2},
    {"UFFDIO_REGISTER_MODE_MINOR", 0x4},
    {"UFFDIO_COPY_MODE_DONTWAKE", 0x1},
    {"UFFDIO_COPY_MODE_WP", 0x2},
    {"UFFDIO_ZEROPAGE_MODE_DONTWAKE", 0x1},
    {"UFFDIO_WRITEPROTECT_MODE_WP", 0x1},
    {"UFFDIO_WRITEPROTECT_MODE_DONTWAKE", 0x2},
    {"UFFDIO_CONTINUE_MODE_DONTWAKE", 0x1},
    {"UFFDIO_CONTINUE_MODE_WP", 0x2},
    {"UFFDIO_POISON_MODE_DONTWAKE", 0x1},
    {"UFFDIO_MOVE_MODE_DONTWAKE", 0x1},
    {"UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES", 0x2},
    {"BUS_ADRALN", 0x1},
    {"BUS_ADRERR", 0x2},
    {"BUS_OBJERR", 0x3},
    {"BUS_MCEERR_AR", 0x4},
    {"BUS_MCEERR_AO", 0x5},
    {"SEGV_MAPERR", 0x1},
    {"SEGV_ACCERR", 0x2},
    {"VM_IOREMAP", 0x1},
    {"VM_ALLOC", 0x2},
    {"VM_MAP", 0x4},
    {"VM_USERMAP", 0x8},
    {"VM_FLUSH_RESET_PERMS", 0x100},
    {"VM_ALLOW_HUGE_VMAP", 0x400},
    {"PF_NOFREEZE", 0x8000},
    {"PF_KTHREAD", 0x200000},
});

// What pagemap(ADDRESS) gives. Not of Linux, where the same is spread over bits of /proc/PID/pagemap.
constexpr auto kPagemapKinds = std::to_array<std::string_view>({
    "PM_NONE",
    "PM_FILE",
    "PM_ANON",
    "PM_SWAP",
    "PM_ZERO",
    "PM_MIGRATION",
    "PM_HWPOISON",
    "PM_DEVICE_PRIVATE",
    "PM_DEVICE_EXCLUSIVE",
    "PM_UFFD_WP",
    "PM_GUARD",
    "PM_SWAPIN_ERROR",
    "PM_HUGE",
    "PM_HUGE_FILE",
    "PM_POISONED",
});

// Every name once by its number, then the aliases.
constexpr auto kErrnos = std::to_array<Constant>({
    {"EPERM", 1},
    {"ENOENT", 2},
    {"ESRCH", 3},
    {"EINTR", 4},
    {"EIO", 5},
    {"ENXIO", 6},
    {"E2BIG", 7},
    {"ENOEXEC", 8},
    {"EBADF", 9},
    {"ECHILD", 10},
    {"EAGAIN", 11},
    {"ENOMEM", 12},
    {"EACCES", 13},
    {"EFAULT", 14},
    {"ENOTBLK", 15},
    {"EBUSY", 16},
    {"EEXIST", 17},
    {"EXDEV", 18},
    {"ENODEV", 19},
    {"ENOTDIR", 20},
    {"EISDIR", 21},
    {"EINVAL", 22},
    {"ENFILE", 23},
    {"EMFILE", 24},
    {"ENOTTY", 25},
    {"ETXTBSY", 26},
    {"EFBIG", 27},
    {"ENOSPC", 28},
    {"ESPIPE", 29},
    {"EROFS", 30},
    {"EMLINK", 31},
    {"EPIPE", 32},
    {"EDOM", 33},
    {"ERANGE", 34},
    {"EDEADLK", 35},
    {"ENAMETOOLONG", 36},
    {"ENOLCK", 37},
    {"ENOSYS", 38},
    {"ENOTEMPTY", 39},
    {"ELOOP", 40},
    {"ENOMSG", 42},
    {"EIDRM", 43},
    {"ECHRNG", 44},
    {"EL2NSYNC", 45},
    {"EL3HLT", 46},
    {"EL3RST", 47},
    {"ELNRNG", 48},
    {"EUNATCH", 49},
    {"ENOCSI", 50},
    {"EL2HLT", 51},
    {"EBADE", 52},
    {"EBADR", 53},
    {"EXFULL", 54},
    {"ENOANO", 55},
    {"EBADRQC", 56},
    {"EBADSLT", 57},
    {"EBFONT", 59},
    {"ENOSTR", 60},
    {"ENODATA", 61},
    {"ETIME", 62},
    {"ENOSR", 63},
    {"ENONET", 64},
    {"ENOPKG", 65},
    {"EREMOTE", 66},
    {"ENOLINK", 67},
    {"EADV", 68},
    {"ESRMNT", 69},
    {"ECOMM", 70},
    {"EPROTO", 71},
    {"EMULTIHOP", 72},
    {"EDOTDOT", 73},
    {"EBADMSG", 74},
    {"EOVERFLOW", 75},
    {"ENOTUNIQ", 76},
    {"EBADFD", 77},
    {"EREMCHG", 78},
    {"ELIBACC", 79},
    {"ELIBBAD", 80},
    {"ELIBSCN", 81},
    {"ELIBMAX", 82},
    {"ELIBEXEC", 83},
    {"EILSEQ", 84},
    {"ERESTART", 85},
    {"ESTRPIPE", 86},
    {"EUSERS", 87},
    {"ENOTSOCK", 88},
    {"EDESTADDRREQ", 89},
    {"EMSGSIZE", 90},
    {"EPROTOTYPE", 91},
    {"ENOPROTOOPT", 92},
    {"EPROTONOSUPPORT", 93},
    {"ESOCKTNOSUPPORT", 94},
    {"EOPNOTSUPP", 95},
    {"EPFNOSUPPORT", 96},
    {"EAFNOSUPPORT", 97},
    {"EADDRINUSE", 98},
    {"EADDRNOTAVAIL", 99},
    {"ENETDOWN", 100},
    {"ENETUNREACH", 101},
    {"ENETRESET", 102},
    {"ECONNABORTED", 103},
    {"ECONNRESET", 104},
    {"ENOBUFS", 105},
    {"EISCONN", 106},
    {"ENOTCONN", 107},
    {"ESHUTDOWN", 108},
    {"ETOOMANYREFS", 109},
    {"ETIMEDOUT", 110},
    {"ECONNREFUSED", 111},
    {"EHOSTDOWN", 112},
    {"EHOSTUNREACH", 113},
    {"EALREADY", 114},
    {"EINPROGRESS", 115},
    {"ESTALE", 116},
    {"EUCLEAN", 117},
    {"ENOTNAM", 118},
    {"ENAVAIL", 119},
    {"EISNAM", 120},
    {"EREMOTEIO", 121},
    {"EDQUOT", 122},
    {"ENOMEDIUM", 123},
    {"EMEDIUMTYPE", 124},
    {"ECANCELED", 125},
    {"ENOKEY", 126},
    {"EKEYEXPIRED", 127},
    {"EKEYREVOKED", 128},
    {"EKEYREJECTED", 129},
    {"EOWNERDEAD", 130},
    {"ENOTRECOVERABLE", 131},
    {"ERFKILL", 132},
    {"EHWPOISON", 133},
    {"EWOULDBLOCK", 11},
    {"EDEADLOCK", 35},
    {"ENOTSUP", 95},
});

constexpr auto kErrnoNames = [] {
  std::array<std::string_view, kErrnos.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kErrnos[i].name;
  return names;
}();

template <class Table>
std::optional<std::int64_t> find_value(const Table& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Constant& row) { return row.name == name; });
  if (found == table.end()) return std::nullopt;
  return found->value;
}

std::optional<std::int64_t> apply(BinaryOp op, std::int64_t left, std::int64_t right) {
  std::int64_t value = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOp::bit_or:
      value = left | right;
      break;
    case BinaryOp::add:
      overflow = __builtin_add_overflow(left, right, &value);
      break;
    case BinaryOp::subtract:
      overflow = __builtin_sub_overflow(left, right, &value);
      break;
    case BinaryOp::multiply:
      overflow = __builtin_mul_overflow(left, right, &value);
      break;
  }
  if (overflow) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> constant_value(std::string_view name) {
  if (const auto value = find_value(kConstants, name)) return value;
  const auto kind = std::find(kPagemapKinds.begin(), kPagemapKinds.end(), name);
  if (kind == kPagemapKinds.end()) return std::nullopt;
  return kind - kPagemapKinds.begin();
}

std::optional<std::string_view> pagemap_kind_name(std::int64_t kind) {
  if (kind < 0 || static_cast<std::size_t>(kind) >= kPagemapKinds.size()) return std::nullopt;
  return kPagemapKinds[static_cast<std::size_t>(kind)];
}

std::optional<int> errno_number(std::string_view name) {
  const auto value = find_value(kErrnos, name);
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<std::string_view> errno_name(int number) {
  const auto is_number = [&](const Constant& row) { return row.value == number; };
  const auto found = std::find_if(kErrnos.begin(), kErrnos.end(), is_number);
  if (found == kErrnos.end()) return std::nullopt;
  return found->name;
}

std::span<const std::string_view> errno_names() { return kErrnoNames; }

std::optional<std::int64_t> evaluate(const Expr& expr, const ValueOf& value_of) {
  switch (expr.kind) {
    case ExprKind::integer:
    case ExprKind::character:
      return expr.number.value;
    case ExprKind::name:
      return value_of(expr.text);
    case ExprKind::negate: {
      const auto value = evaluate(expr.args[0], value_of);
      if (!value) return std::nullopt;
      return apply(BinaryOp::subtract, 0, *value);
    }
    case ExprKind::binary: {
      const auto left = evaluate(expr.args[0], value_of);
      const auto right = evaluate(expr.args[1], value_of);
      if (!left || !right) return std::nullopt;
      return apply(expr.op, *left, *right);
    }
    case ExprKind::string:
    case ExprKind::index:
    case ExprKind::call:
      break;
  }
  return std::nullopt;
}

}  // namespace quire::scenario
