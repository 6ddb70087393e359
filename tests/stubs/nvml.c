/* A small libnvidia-ml.so.1 with two devices: names, structures and return codes as nvml.h has them.
 *
 * Everything is well but for device 1: ECC is not supported (3) and the VBIOS version fails (999).
 * NVML_STUB changes that:
 *   init=18      nvmlInit returns this code (18: library and driver of different versions; 9: driver not loaded)
 *   lost=1       this device is lost (15)
 *   mig=0        this device is divided into two MIG instances
 *   cuda=11080   the CUDA version that the driver offers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NOT_FOUND = 6, INSUFFICIENT_SIZE, LOST = 15, UNKNOWN = 999 };

typedef int Return;
typedef struct { int index; int instance; } *Device; /* instance: -1 for the whole device */
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct {
    char bus_id_legacy[16];
    unsigned int domain, bus, device, pci_device_id, pci_sub_system_id;
    char bus_id[32];
} PciInfo;
typedef struct {
    unsigned int multiprocessors, copy_engines, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
    unsigned long long memory_mb;
} Attributes;

static struct { int index; int instance; } devices[2] = {{0, -1}, {1, -1}}, instances[2] = {{0, 0}, {0, 1}};
static int sessions = 0, most_sessions = 0;

static int setting(const char *name, int otherwise) {
    const char *text = getenv("NVML_STUB");
    const char *found = text ? strstr(text, name) : NULL;
    return found ? atoi(found + strlen(name)) : otherwise;
}

static Return text(char *to, unsigned int size, const char *from) {
    if (!sessions) return UNINITIALIZED;
    if (strlen(from) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(to, from);
    return SUCCESS;
}

static Return number(unsigned int *to, unsigned int from) {
    if (!sessions) return UNINITIALIZED;
    *to = from;
    return SUCCESS;
}

int stub_open_sessions(void) { return sessions; }
int stub_most_sessions(void) { return most_sessions; }

Return nvmlInitWithFlags(unsigned int flags) {
    int code = setting("init=", SUCCESS);
    (void)flags;
    if (code == SUCCESS && ++sessions > most_sessions) most_sessions = sessions;
    return code;
}

Return nvmlShutdown(void) {
    if (!sessions) return UNINITIALIZED;
    sessions--;
    return SUCCESS;
}

const char *nvmlErrorString(Return code) { (void)code; return "said by the library"; }

Return nvmlSystemGetDriverVersion(char *to, unsigned int size) { return text(to, size, "550.54.15"); }
Return nvmlSystemGetNVMLVersion(char *to, unsigned int size) { return text(to, size, "12.550.54.15"); }
Return nvmlSystemGetCudaDriverVersion_v2(int *to) { return number((unsigned int *)to, setting("cuda=", 12040)); }
Return nvmlDeviceGetCount_v2(unsigned int *to) { return number(to, 2); }

Return nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device *to) {
    if (!sessions) return UNINITIALIZED;
    if (index > 1) return INVALID_ARGUMENT;
    if ((int)index == setting("lost=", -1)) return LOST;
    *to = (Device)&devices[index];
    return SUCCESS;
}

Return nvmlDeviceGetName(Device device, char *to, unsigned int size) {
    const char *parts[] = {"NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA H100 80GB HBM3 MIG 3g.40gb"};
    if (device->instance >= 0) return text(to, size, parts[device->instance]);
    return text(to, size, device->index == 0 ? "NVIDIA H100 80GB HBM3" : "NVIDIA GeForce RTX 3090");
}

Return nvmlDeviceGetUUID(Device device, char *to, unsigned int size) {
    char uuid[96];
    int instance = device->instance;
    snprintf(uuid, sizeof uuid, "%s-%d%d000000-aaaa-bbbb-cccc-0123456789ab", instance < 0 ? "GPU" : "MIG", device->index + 1,
             instance + 1);
    return text(to, size, uuid);
}

Return nvmlDeviceGetPciInfo_v3(Device device, PciInfo *to) {
    if (!sessions) return UNINITIALIZED;
    memset(to, 0, sizeof *to);
    to->bus = device->index == 0 ? 0x8a : 0x3b; /* NVML's order is not that of the bus */
    snprintf(to->bus_id, sizeof to->bus_id, "00000000:%02X:00.0", to->bus);
    return SUCCESS;
}

Return nvmlDeviceGetCudaComputeCapability(Device device, int *major, int *minor) {
    *major = device->index == 0 ? 9 : 8;
    *minor = device->index == 0 ? 0 : 6;
    return sessions ? SUCCESS : UNINITIALIZED;
}

Return nvmlDeviceGetNumGpuCores(Device device, unsigned int *to) { return number(to, device->index == 0 ? 16896 : 10496); }

Return nvmlDeviceGetMemoryInfo(Device device, Memory *to) {
    if (!sessions) return UNINITIALIZED;
    to->total = device->instance >= 0 ? 10737418240ull : device->index == 0 ? 85520809984ull : 25769803776ull;
    to->used = 1048576;
    to->free = to->total - to->used;
    return SUCCESS;
}

Return nvmlDeviceGetEccMode(Device device, unsigned int *current, unsigned int *pending) {
    *pending = 0;
    return device->index == 0 ? number(current, 1) : NOT_SUPPORTED;
}

Return nvmlDeviceGetTotalEccErrors(Device device, unsigned int kind, unsigned int counter, unsigned long long *to) {
    if (kind != 1 || counter != 1) return INVALID_ARGUMENT;
    if (device->index == 1) return NOT_SUPPORTED;
    *to = 0;
    return sessions ? SUCCESS : UNINITIALIZED;
}

Return nvmlDeviceGetRemappedRows(Device device, unsigned int *correctable, unsigned int *uncorrectable, unsigned int *pending,
                                 unsigned int *failed) {
    if (device->index == 1) return NOT_SUPPORTED;
    *correctable = 1;
    *uncorrectable = 2;
    *pending = *failed = 0;
    return sessions ? SUCCESS : UNINITIALIZED;
}

Return nvmlDeviceGetMigMode(Device device, unsigned int *current, unsigned int *pending) {
    if (device->index == 1) return NOT_SUPPORTED;
    *pending = 0;
    return number(current, setting("mig=", -1) == device->index);
}

Return nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned int *to) { (void)device; return number(to, 7); }

Return nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned int index, Device *to) {
    (void)device;
    if (index > 1) return NOT_FOUND;
    *to = (Device)&instances[index];
    return SUCCESS;
}

Return nvmlDeviceGetAttributes_v2(Device device, Attributes *to) {
    if (device->instance < 0) return NOT_SUPPORTED;
    memset(to, 0, sizeof *to);
    to->multiprocessors = device->instance == 0 ? 16 : 60;
    return SUCCESS;
}

Return nvmlDeviceGetPowerManagementLimit(Device device, unsigned int *to) { return number(to, device->index == 0 ? 700000 : 350000); }
Return nvmlDeviceGetPersistenceMode(Device device, unsigned int *to) { return number(to, device->index == 0); }
Return nvmlDeviceGetArchitecture(Device device, unsigned int *to) { return number(to, device->index == 0 ? 9 : 7); }

Return nvmlDeviceGetVbiosVersion(Device device, char *to, unsigned int size) {
    return device->index == 1 ? UNKNOWN : text(to, size, "96.00.89.00.01");
}

Return nvmlDeviceGetP2PStatus(Device first, Device second, unsigned int capability, unsigned int *to) {
    if (first == second || capability > 5) return INVALID_ARGUMENT;
    return number(to, 1); /* chipset not supported */
}

Return nvmlDeviceGetTopologyCommonAncestor(Device first, Device second, unsigned int *to) {
    (void)first, (void)second;
    return number(to, 50);
}
