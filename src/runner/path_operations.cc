#include "runner/path_operations.h"

#include "runner/program.h"
#include "runner/values.h"

namespace quire::runner {
namespace {

using Follow = machine::Machine::Follow;

std::string_view text(const Call& c, std::size_t operand) { return c.operands[operand].symbol; }
unsigned mode(Runtime& r, const Call& c, std::size_t operand) {
  return static_cast<unsigned>(int_number(r, c, operand));
}

Value stat_as(Runtime& r, const Call& c, Follow follow) {
  auto stat = r.machine().stat(r.process(c), text(c, 0), follow);
  return stat ? Value::of(stat_member(*stat, c.member)) : from(stat.error());
}

/// Counts names, or looks for one.
class Names final : public fs::DirectoryVisitor {
 public:
  explicit Names(const std::string_view* wanted) : wanted_(wanted) {}
  [[nodiscard]] bool visit(std::string_view name, fs::FileKind /*kind*/, uint64_t /*ino*/,
                           uint64_t /*cookie*/) override {
    bool dots = name == "." || name == "..";
    if (wanted_ != nullptr ? name == *wanted_ : !dots) ++count_;
    return true;
  }
  [[nodiscard]] int64_t count() const { return count_; }

 private:
  const std::string_view* wanted_;
  int64_t count_ = 0;
};

fs::TimeToSet time_to_set(Runtime& r, const Call& c, std::size_t operand) {
  using Kind = fs::TimeToSet::Kind;
  int64_t seconds = r.number(c, operand);
  if (seconds == machine::abi::kUtimeNow) return {Kind::now, {}};
  if (seconds == machine::abi::kUtimeOmit) return {Kind::omit, {}};
  return {Kind::given, {seconds, 0}};
}

}  // namespace

int64_t stat_member(const machine::Stat& stat, std::string_view member) {
  const fs::Attributes& a = stat.attributes;
  if (member == "st_blocks") return static_cast<int64_t>(stat.st_blocks);
  if (member == "st_mode") return type_bits(a.kind) | a.mode;
  if (member == "st_nlink") return a.nlink;
  if (member == "st_uid") return a.uid;
  if (member == "st_gid") return a.gid;
  if (member == "st_atime") return a.atime.seconds;
  if (member == "st_mtime") return a.mtime.seconds;
  if (member == "st_ctime") return a.ctime.seconds;
  return static_cast<int64_t>(stat.st_size);
}

namespace paths {

Value mkdir(Runtime& r, const Call& c) { return from(r.machine().mkdir(r.process(c), text(c, 0), mode(r, c, 1))); }
Value mknod(Runtime& r, const Call& c) { return from(r.machine().mknod(r.process(c), text(c, 0), mode(r, c, 1))); }
Value rmdir(Runtime& r, const Call& c) { return from(r.machine().rmdir(r.process(c), text(c, 0))); }
Value unlink(Runtime& r, const Call& c) { return from(r.machine().unlink(r.process(c), text(c, 0))); }
Value link(Runtime& r, const Call& c) { return from(r.machine().link(r.process(c), text(c, 0), text(c, 1))); }
Value symlink(Runtime& r, const Call& c) { return from(r.machine().symlink(r.process(c), text(c, 0), text(c, 1))); }
Value rename(Runtime& r, const Call& c) {
  return from(r.machine().rename(r.process(c), text(c, 0), text(c, 1), int_number(r, c, 2)));
}
// readlink(PATH): how many bytes. readlink(PATH, TARGET): whether that is where it leads.
Value readlink(Runtime& r, const Call& c) {
  Buffer buffer(fs::kPathMax);
  std::span<char> to(reinterpret_cast<char*>(buffer.bytes().data()), buffer.bytes().size());
  auto got = r.machine().readlink(r.process(c), text(c, 0), to);
  if (!got || c.operands.size() < 2) return from(got);
  return Value::of(std::string_view(to.data(), *got) == text(c, 1) ? 1 : 0);
}
Value stat(Runtime& r, const Call& c) { return stat_as(r, c, Follow::yes); }
Value lstat(Runtime& r, const Call& c) { return stat_as(r, c, Follow::no); }
Value statfs(Runtime& r, const Call& c) {
  auto about = r.machine().statfs(r.process(c), text(c, 0));
  if (!about) return from(about.error());
  uint64_t value = c.member == "f_blocks"  ? about->blocks
                   : c.member == "f_bfree" ? about->bfree
                   : c.member == "f_files" ? about->files
                   : c.member == "f_ffree" ? about->ffree
                   : c.member == "f_bsize" ? about->bsize
                                           : about->namelen;
  return Value::of(static_cast<int64_t>(value));
}
Value access(Runtime& r, const Call& c) { return from(r.machine().access(r.process(c), text(c, 0), mode(r, c, 1))); }
Value truncate(Runtime& r, const Call& c) {
  return from(r.machine().truncate(r.process(c), text(c, 0), r.number(c, 1)));
}
Value chmod(Runtime& r, const Call& c) { return from(r.machine().chmod(r.process(c), text(c, 0), mode(r, c, 1))); }
Value chown(Runtime& r, const Call& c) {
  return from(r.machine().chown(r.process(c), text(c, 0), r.number(c, 1), r.number(c, 2)));
}
Value utimensat(Runtime& r, const Call& c) {
  return from(r.machine().utimens(r.process(c), text(c, 0), time_to_set(r, c, 1), time_to_set(r, c, 2)));
}
// setxattr(PATH, NAME, fill(BYTE, LENGTH) | BYTE, FLAGS)
Value setxattr(Runtime& r, const Call& c) {
  FilledBuffer value(c.operands[2]);
  return from(r.machine().setxattr(r.process(c), text(c, 0), text(c, 1), value.bytes(), int_number(r, c, 3)));
}
// getxattr(PATH, NAME): the length. getxattr(PATH, NAME, SIZE): into so large a buffer; the first byte.
Value getxattr(Runtime& r, const Call& c) {
  Buffer buffer(unsigned_number(r, c, 2));
  auto got = r.machine().getxattr(r.process(c), text(c, 0), text(c, 1), buffer.bytes());
  if (!got || buffer.bytes().empty() || *got == 0) return from(got);
  return Value::of(static_cast<int64_t>(buffer.bytes()[0]));
}
Value removexattr(Runtime& r, const Call& c) {
  return from(r.machine().removexattr(r.process(c), text(c, 0), text(c, 1)));
}
Value listxattr(Runtime& r, const Call& c) {
  Buffer names(unsigned_number(r, c, 1));
  return from(r.machine().listxattr(r.process(c), text(c, 0), names.bytes()));
}
Value getdents(Runtime& r, const Call& c) {
  std::string_view wanted = c.operands.size() > 1 ? text(c, 1) : std::string_view();
  Names names(c.operands.size() > 1 ? &wanted : nullptr);
  base::Errno error = r.machine().getdents(r.process(c), text(c, 0), names);
  return error == base::Errno::ok ? Value::of(names.count()) : from(error);
}
Value lseek(Runtime& r, const Call& c) {
  return from(r.machine().lseek(r.process(c), int_number(r, c, 0), r.number(c, 1), int_number(r, c, 2)));
}

}  // namespace paths
}  // namespace quire::runner
