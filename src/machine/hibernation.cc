#include "machine/hibernation.h"

#include <fmt/format.h>

#include <utility>

#include "machine/device.h"
#include "power/complain.h"
#include "power/heap_copy.h"
#include "power/stopwatch.h"
#include "sync/native_heap.h"
#include "sync/rcu.h"

namespace quire::machine {

using power::Complaint;
using power::ImageHeader;

/// What this machine does around the copy.
class Machine::ImageStages final : public power::SnapshotStages {
 public:
  ImageStages(Machine& machine, Complaint& complaint) : machine_(machine), complaint_(complaint) {}

  // Linux: kernel/power/process.c try_to_freeze_tasks(), which prints them
  void would_not_freeze(power::Freezes kind) override {
    Complaint names;
    std::size_t used = 0;
    sync::Guard guard(machine_.tasklist_lock_);
    (void)machine_.task_count_.get();
    for (Process* process = machine_.tasks_; process != nullptr; process = process->next_) {
      if (process->freezes != kind || process->in_calls.load() == 0) continue;
      auto end = fmt::format_to_n(names.text.data() + used, names.text.size() - 1 - used, "{}{} (pid {})",
                                  used == 0 ? "" : ", ", process->name(), process->pid());
      used = std::min(used + end.size, names.text.size() - 1);
    }
    (void)complain(complaint_, Errno::ebusy, "tasks would not freeze in time: {}",
                   names.empty() ? "in a call that no process makes" : names.view());
  }

  // Linux: kernel/power/process.c freeze_kernel_threads(), drivers/base/power/main.c dpm_suspend()
  Errno suspend() override {
    machine_.suspend_threads();
    if (!machine_.options_.disk.location.empty())
      return complain(complaint_, Errno::eopnotsupp, "the machine's disk is a file, which no image takes along");
    for (Device* device : machine_.devices_) {
      Errno error = device->backend().suspend();
      if (error == Errno::ok) continue;
      return complain(complaint_, error, "what swap device {} stores is not in the machine's memory",
                      device->settings.get_name());
    }
    return Errno::ok;
  }

  Errno copied(const power::Snapshot&) override {
    const phys::Frames& frames = machine_.frames_;
    auto start = reinterpret_cast<uint64_t>(frames.payload(base::Pfn(0)).data());
    auto kernel = reinterpret_cast<uint64_t>(frames.ram_memory().kernel());
    power::AddressRange skip[] = {{start, start + frames.ram().value() * frames.payload_bytes()},
                                  {kernel, kernel + frames.ram_memory().bytes()}};
    return heap_.take(std::span(skip).first(frames.ram_memory().is_twice() ? 2 : 1));
  }

  void resume() override { machine_.resume_threads(); }

  [[nodiscard]] const power::HeapCopy& heap() const { return heap_; }

 private:
  Machine& machine_;
  Complaint& complaint_;
  power::HeapCopy heap_;
};

void Machine::suspend_threads() {
  kswapd_suspended_ = reclaim_.kswapd().running();
  flusher_suspended_ = wb_ != nullptr && wb_->running();
  stop_kswapd();
  stop_flusher();
  sync::rcu_barrier();
}

void Machine::resume_threads() {
  if (std::exchange(kswapd_suspended_, false)) reclaim_.kswapd().start();
  if (std::exchange(flusher_suspended_, false)) start_flusher();
}

ImageHeader Machine::image_header(std::string_view note) const {
  ImageHeader header;
  power::BuildIdentity build = power::this_build();
  header.build_bytes = build.bytes;
  header.build = build.id;
  header.anchor = build.anchor;
  header.machine_word = options_.payload_bytes;
  header.root = reinterpret_cast<uint64_t>(this);
  header.ram_start = reinterpret_cast<uint64_t>(frames_.payload(base::Pfn(0)).data());
  header.ram_bytes = frames_.ram_memory().bytes();
  if (frames_.ram_memory().is_twice()) header.kernel_start = reinterpret_cast<uint64_t>(frames_.ram_memory().kernel());
  std::copy_n(note.begin(), std::min(note.size(), header.note.size() - 1), header.note.begin());
  return header;
}

// Linux: kernel/power/swap.c swsusp_write()
Errno Machine::write_image(const power::ImageRequest& request, std::string_view note, const power::HeapCopy& heap,
                           HibernateReport& report, Complaint& complaint) {
  ImageHeader header = image_header(note);
  header.heap_start = heap.heap().start;
  header.heap_end = heap.heap().end;
  header.heap_pages = report.heap_pages = heap.pages();
  header.frames_saved = report.frames = kernel_->snapshot().saved().size();
  sync::Vector<power::PageRun> runs(heap.runs().begin(), heap.runs().end());
  runs.reserve(runs.size() + report.frames);
  for (std::size_t i = 0; i < report.frames; ++i) {
    auto to = reinterpret_cast<uint64_t>(frames_.payload(kernel_->snapshot().saved()[i]).data());
    runs.push_back({to, frames_.payload(kernel_->snapshot().copies()[i]).data(), 1});
  }
  return power::write_image(request, header, runs, report.image, complaint);
}

Errno Machine::hibernate_to(const power::ImageRequest& request, std::string_view note, HibernateReport& report,
                            Complaint& complaint) {
  if (kernel_ == nullptr || !sync::NativeHeap::contains(this))
    return complain(complaint, Errno::enosys, "the machine has no architecture, or no memory of its own");
  if (options_.payload_bytes != power::kImagePage)
    return complain(complaint, Errno::enosys, "an image is of pages of {} bytes", power::kImagePage);
  if (!hibernation_available())
    return complain(complaint, Errno::eperm, "a process has secret memory, which must not be written anywhere");
  power::Stopwatch watch;
  ImageStages stages(*this, complaint);
  Result<PageCount> copied = kernel_->begin_snapshot(stages);
  report.freeze_seconds = watch.lap();
  Errno error = copied.error();
  if (error == Errno::ok)
    error = write_image(request, note, stages.heap(), report, complaint);
  else if (complaint.empty())
    error = complain(complaint, error, "{}",
                     error == Errno::enomem ? "there is too little memory for the copies" : power::describe(error));
  kernel_->end_snapshot();
  return error;
}

Errno Machine::end_resume() {
  Errno error = kernel_->direct_map().resumed();
  if (error != Errno::ok) return error;
  kernel_->end_resumed_snapshot();
  resume_threads();
  return Errno::ok;
}

Resumable::~Resumable() {
  sync::destroy_object(machine_);
  if (machine_ == nullptr) return;
  sync::rcu_barrier();
  sync::NativeHeap::unmap();
}

Errno Resumable::boot(const MachineOptions& options) {
  if (machine_ != nullptr) return Errno::ebusy;
  if (!options.direct_map.arch || options.payload_bytes != power::kImagePage) return Errno::einval;
  Errno error = prepare();
  if (error == Errno::ok) keep(*sync::make_object<Machine>(options), nullptr);
  return error;
}

Errno Resumable::prepare() {
  if (machine_ != nullptr) return Errno::ebusy;
  Errno error = sync::NativeHeap::map();
  if (error == Errno::ok) sync::NativeHeap::use();
  return error;
}

void Resumable::keep(Machine& machine, void* companion) {
  machine_ = &machine;
  companion_ = companion;
  sync::NativeHeap::set_root(sync::make_object<Root>(Root{machine_, companion_}));
}

// Memory is as the machine had it, and then the machine is there.
Errno Resumable::load(power::ImageReader& image, unsigned threads, Complaint& complaint) {
  header_ = image.header();
  Errno error = Errno::ok;
  if (header_.kernel_start != 0)
    error = phys::Ram::map_twice_at(reinterpret_cast<void*>(header_.ram_start),
                                    reinterpret_cast<void*>(header_.kernel_start), header_.ram_bytes);
  if (error != Errno::ok) return complain(complaint, error, "no memory for {} bytes of RAM", header_.ram_bytes);
  error = image.load({threads, power::ImageLoad::Into::memory}, complaint);
  if (error != Errno::ok) return error;
  sync::NativeHeap::use();
  const Root root = *static_cast<Root*>(sync::NativeHeap::root());
  error = root.machine->end_resume();
  if (error != Errno::ok) return complain(complaint, error, "the host cannot protect the direct map as it was");
  machine_ = root.machine;
  companion_ = root.companion;
  return Errno::ok;
}

// Linux: kernel/power/hibernate.c software_resume(), load_image_and_restore()
Errno Resumable::resume(std::string_view file, unsigned threads, Complaint& complaint) {
  if (machine_ != nullptr) return complain(complaint, Errno::ebusy, "this process has a machine");
  power::ImageReader image;
  Errno error = image.open(file, complaint);
  if (error != Errno::ok) return error;
  error = sync::NativeHeap::map();
  if (error != Errno::ok)
    return complain(complaint, error, "no room for a machine at its addresses: {}", power::describe(error));
  error = load(image, threads, complaint);
  if (error != Errno::ok) sync::NativeHeap::unmap();
  return error;
}

}  // namespace quire::machine
