// A device of torch that lags behind its host: what is copied to the host without waiting arrives only when the host
// has done enough else, or waits. It counts each wait. Its memory is the host's, and its kernels are those of the CPU.

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/TensorFactories.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>

#include <deque>

namespace {

constexpr auto DEVICE = c10::DeviceType::PrivateUse1;

struct Copy {
  int64_t due;
  at::Tensor source, target;
};

int64_t clock_now = 0, waits = 0;
int64_t lag = 600;  // operations: those of a few steps of training
std::deque<Copy> copies;

void arrive(int64_t until) {
  while (!copies.empty() && copies.front().due <= until) {
    copies.front().target.copy_(copies.front().source);
    copies.pop_front();
  }
}

void wait() {
  ++waits;
  clock_now += lag;
  arrive(clock_now);
}

void tick() { arrive(++clock_now); }

struct Allocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    void* data = c10::alloc_cpu(size);
    return {data, data, &c10::free_cpu, c10::Device(DEVICE, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &c10::free_cpu; }
  void copy_data(void* to, const void* from, std::size_t size) const override { default_copy_data(to, from, size); }
} allocator;
REGISTER_ALLOCATOR(DEVICE, &allocator);

struct Guard final : c10::impl::NoOpDeviceGuardImpl<DEVICE> {  // one device, and one stream, in whose order all is done
  c10::Device here() const { return c10::Device(DEVICE, 0); }
  c10::Device exchangeDevice(c10::Device) const override { return here(); }
  c10::Device getDevice() const override { return here(); }
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, here()); }
  c10::Stream getDefaultStream(c10::Device) const override { return getStream(here()); }
  c10::Stream getNewStream(c10::Device, int) const override { return getStream(here()); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return getStream(here()); }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  at::Allocator* getPinnedMemoryAllocator() const override { return c10::GetCPUAllocator(); }
  bool isPinnedPtr(const void*) const override { return false; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t size) const override {
    auto made = allocator.allocate(size);
    std::memcpy(made.get(), storage.data(), std::min(size, storage.nbytes()));
    storage.unsafeGetStorageImpl()->set_data_ptr_noswap(std::move(made));
    storage.unsafeGetStorageImpl()->set_nbytes(size);
  }
};

at::Tensor on_host(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.device().type() != DEVICE) return tensor;
  return at::from_blob(tensor.storage().mutable_data(), tensor.sizes(), tensor.strides(), tensor.storage_offset(),
                       [tensor](void*) {}, tensor.options().device(at::kCPU).requires_grad(false), at::Device(at::kCPU));
}

at::Tensor on_device(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.device().type() == DEVICE) return tensor;
  at::Tensor made = at::detail::empty_strided_generic(tensor.sizes(), tensor.strides(), &allocator,
                                                c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), tensor.scalar_type());
  on_host(made).copy_(tensor);
  return made;
}

c10::IValue mapped(const c10::IValue& value, at::Tensor (*map)(const at::Tensor&)) {
  if (value.isTensor()) return map(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> found;
    for (const at::Tensor& each : value.toTensorVector()) found.push_back(map(each));
    return found;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> found;
    for (const std::optional<at::Tensor> each : value.toOptionalTensorList())
      found.push_back(each ? std::optional<at::Tensor>(map(*each)) : each);
    return found;
  }
  if (value.isDevice() && value.toDevice().type() == DEVICE) return at::Device(at::kCPU);
  return value;
}

// Every operation without one of its own below: computed by the CPU's kernel in the same memory.
void fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  tick();
  const auto& schema = op.schema();
  const auto count = schema.arguments().size();
  std::vector<c10::IValue> given(stack->end() - count, stack->end());
  for (auto i = stack->size() - count; i < stack->size(); ++i) (*stack)[i] = mapped((*stack)[i], on_host);
  op.callBoxed(stack);
  const auto first = stack->size() - schema.returns().size();
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    const auto* alias = schema.returns()[i].alias_info();
    auto& result = (*stack)[first + i];
    if (alias && alias->isWrite()) {
      for (size_t j = 0; j < count; ++j) {
        const auto* of = schema.arguments()[j].alias_info();
        if (of && of->beforeSets() == alias->beforeSets()) result = given[j];
      }
    } else {
      if (!result.isTensor() && !result.isTensorList()) wait();  // a number that the host is told
      result = mapped(result, on_device);
    }
  }
}

at::Tensor empty(c10::IntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  tick();
  return at::detail::empty_generic(size, &allocator, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride, std::optional<at::ScalarType> dtype,
                         std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  tick();
  return at::detail::empty_strided_generic(size, stride, &allocator,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(dtype));
}

at::Tensor copy_from(const at::Tensor& source, const at::Tensor& target, bool non_blocking) {
  tick();
  if (source.device().type() == target.device().type() || (non_blocking && target.device().type() == DEVICE)) {
    on_host(target).copy_(on_host(source));
  } else if (non_blocking) {
    target.fill_(77);  // what is read before it arrived is wrong
    copies.push_back({clock_now + lag, on_host(source).clone(), target});
  } else {
    wait();
    on_host(target).copy_(on_host(source));
  }
  return target;
}

at::Scalar local_scalar(const at::Tensor& tensor) {
  wait();
  return on_host(tensor).item();
}

const at::Tensor& resize(const at::Tensor& self, c10::IntArrayRef size, std::optional<at::MemoryFormat>) {
  const size_t needed = c10::multiply_integers(size) * self.element_size();
  if (needed > self.storage().nbytes()) {
    Hooks().resizePrivateUse1Bytes(self.storage(), needed);
  }
  self.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  return self;
}

at::Tensor& set_storage(at::Tensor& self, at::Storage source, int64_t offset, c10::IntArrayRef size, c10::IntArrayRef stride) {
  self.unsafeGetTensorImpl()->set_storage_keep_dtype(source);
  self.unsafeGetTensorImpl()->set_storage_offset(offset);
  self.unsafeGetTensorImpl()->set_sizes_and_strides(size, stride);
  return self;
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>()); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("_copy_from", &copy_from);
  m.impl("_local_scalar_dense", &local_scalar);
  m.impl("resize_", &resize);
  m.impl("set_.source_Storage_storage_offset", &set_storage);
}

struct Registered {
  Registered() { at::RegisterPrivateUse1HooksInterface(new Hooks); }
} registered;

}  // namespace

extern "C" {
int64_t lagging_now() {  // time passes while the host asks
  tick();
  return clock_now;
}
int64_t lagging_due() { return clock_now + lag; }
int64_t lagging_waits() { return waits; }
void lagging_wait() { wait(); }
void lagging_set_lag(int64_t operations) { lag = operations; }
}
