#include "phys/direct_map.h"

#include "phys/direct_map_table.h"
#include "sync/trace.h"

namespace quire::phys {

sync::Box<DirectMap::Table> DirectMap::make_table(Pfn page) const {
  return sync::make_box<Table>(std::size_t{1} << shift_, page);
}

DirectMap::DirectMap(const DirectMapOptions& options, Frames& frames, KernelTlbs& tlbs, const base::DefectSet& defects)
    : options_(options),
      frames_(frames),
      tlbs_(tlbs),
      defects_(defects),
      rules_(options_, defects_),
      shift_(options.shift),
      pages_only_(rules_.boot_pages_only()),
      first_reserved_(frames.ram().value()),
      root_((frames.ram().value() + leaf_pages(kLevels - 1).value() - 1) >> ((kLevels - 1) * shift_)),
      left_as_(frames.ram().value(), rules_.debug_pagealloc() ? Perm::none : Perm::rw) {
  static_assert(alignof(Table) > kHole);
  for (uint64_t n = 0; n < options.reserved.value(); ++n) {
    auto pfn = frames.alloc_highest_page(Pfn(0));
    QUIRE_ASSERT(pfn.ok(), "no frame to reserve");
    QUIRE_ASSERT(pfn->value() + 1 == first_reserved_, "reserved frames lie at the end");
    first_reserved_ = pfn->value();
  }
  for (std::size_t i = 0; i < root_.size(); ++i)
    build(root_[i], kLevels - 1, Pfn(static_cast<uint32_t>(i << ((kLevels - 1) * shift_))), left_as_[0]);
  frames.set_direct_map(this);
  protect_at_boot();
}

DirectMap::~DirectMap() {
  frames_.set_direct_map(nullptr);
  for (Entry& entry : root_) destroy(entry);
}

void DirectMap::destroy(Entry& entry) {
  Table* table = table_of(entry.peek());
  if (table == nullptr) return;
  for (Entry& below : table->entries) destroy(below);
  sync::destroy_object(table);
}

// Whether one leaf of `level` can be there at boot.
bool DirectMap::boot_leaf(unsigned level, Pfn first) const {
  if (level == 0) return true;
  if (pages_only_ || level > static_cast<unsigned>(options_.leaf)) return false;
  return first.value() + leaf_pages(level).value() <= first_reserved_;
}

void DirectMap::build(Entry& entry, unsigned level, Pfn first, Perm perm) {
  if (first.value() >= first_reserved_) return entry.init(kHole);
  if (boot_leaf(level, first)) return entry.init(static_cast<uint64_t>(perm));
  Table* table = make_table(Table::kBootPage).release();
  for (std::size_t i = 0; i < table->entries.size(); ++i)
    build(table->entries[i], level - 1, first + leaf_pages(level - 1) * i, perm);
  entry.init(reinterpret_cast<uint64_t>(table) | kTable);
}

DirectMap::LeafRef DirectMap::lookup_address(Pfn pfn) const {
  return walk(pfn, [](const Entry& entry) { return entry.load(); });
}

Perm DirectMap::peek_perm(Pfn pfn) const {
  return walk(pfn, [](const Entry& entry) { return entry.peek(); }).perm();
}

unsigned DirectMap::peek_leaf_level(Pfn pfn) const {
  return walk(pfn, [](const Entry& entry) { return entry.peek(); }).level;
}

void DirectMap::use(Pfn pfn, KernelAccess how, Cpus cpus) {
  KernelFault fault = access(pfn, how, cpus, [](Pfn) {});
  if (fault == KernelFault::none) return;
  QUIRE_POINT("page fault", "frame {}", pfn.value());
  sync::bug(sync::Failure::fault, fault == KernelFault::not_present
                                      ? "the kernel accesses a page that is not present in the direct map"
                                      : "the kernel writes to a page that is read-only in the direct map");
}

// RISC-V's first kernel_page_present() did not ask whether an entry is a leaf, and read the data there as a table.
// Linux: arch/riscv/mm/pageattr.c kernel_page_present()
bool DirectMap::kernel_page_present(Pfn pfn) const {
  QUIRE_FUNC();
  if (!rules_.present_looks()) return true;
  LeafRef leaf = lookup_address(pfn);
  bool present = has(leaf.perm(), Perm::present);
  if (present && leaf.level > 0 && rules_.present_takes_leaf_for_table()) {
    auto data = frames_.payload(leaf.pfns.start());
    return (data[(pfn - leaf.pfns.start()).value() * sizeof(uint64_t) % data.size()] & std::byte{1}) != std::byte{0};
  }
  return present;
}

// Linux: mm/page_alloc.c post_alloc_hook(), debug_pagealloc_map_pages()
void DirectMap::post_alloc(Pfn first, Order order, Cpus cpus) {
  if (!rules_.debug_pagealloc()) return;
  kernel_map_pages(first, order.pages(), Mapped::yes, cpus);
  for (Pfn pfn : Range<Pfn>::of(first, order.pages())) owner_leaves(pfn, Perm::rw);
}

// Linux: mm/page_alloc.c free_pages_prepare(), debug_pagealloc_unmap_pages()
void DirectMap::free_prepare(Pfn first, Order order) {
  bool debug = rules_.debug_pagealloc();
  if (debug) kernel_map_pages(first, order.pages(), Mapped::no);
  for (Pfn pfn : Range<Pfn>::of(first, order.pages())) owner_leaves(pfn, debug ? Perm::none : Perm::rw);
}

PageCount DirectMap::peek_table_pages() const {
  PageCount pages(0);
  for (const Entry& entry : root_)
    peek_tables(entry, [&](const Table& table) {
      if (table.page != Table::kBootPage) ++pages;
    });
  return pages;
}

PageCount DirectMap::peek_holes() const {
  PageCount holes(0);
  for (uint64_t pfn = 0; pfn < first_reserved_; ++pfn)
    if (!has(peek_perm(Pfn(static_cast<uint32_t>(pfn))), Perm::present)) ++holes;
  return holes;
}

void DirectMap::check(sync::CheckReport& report) const {
  constexpr auto kBug = sync::Failure::bug;
  for (uint64_t i = 0; i < first_reserved_; ++i) {
    Pfn pfn(static_cast<uint32_t>(i));
    Perm perm = peek_perm(pfn);
    Perm left = peek_left_as(pfn);
    report.expect(has(perm, Perm::present) || !has(left, Perm::present), kBug,
                  "I10: frame {} is not present in the direct map, and its owner left it so", i);
    report.expect(!has(perm, Perm::present) || has(left, Perm::present), kBug,
                  "I10: frame {} is in the direct map, and its owner took it out", i);
    report.expect(perm == left, kBug, "I10: frame {} has rights {} in the direct map, and its owner left it {}", i,
                  static_cast<unsigned>(perm), static_cast<unsigned>(left));
  }
  tlbs_.peek_each([&](const KernelTranslation& t) {
    if (t.page < page_of(Pfn(0)) || t.page >= page_of(Pfn(static_cast<uint32_t>(frames_.ram().value())))) return;
    Pfn pfn(static_cast<uint32_t>((t.page - page_of(Pfn(0))).value()));
    Perm perm = peek_perm(pfn);
    if (perm == Perm::none && rules_.debug_pagealloc()) return;
    report.expect(has(perm, t.entry.perm), sync::Failure::stale_tlb,
                  "a CPU can still access frame {} through the direct map, which does not allow it", pfn.value());
  });
}

}  // namespace quire::phys
