/* A library with NVML's interface and two GPUs: the second one tells neither its power nor its load. */
#include <string.h>

enum { OK = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3 };
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int gpu, memory; } load_t;

static int handles[2] = {0, 1};
static int users = 0;
static int is_second(void *handle) { return *(int *)handle == 1; }

int nvmlInitWithFlags(unsigned int flags) { users++; return OK; }
int nvmlInit_v2(void) { users++; return OK; }
int nvmlShutdown(void) { users--; return OK; }
int nvml_users(void) { return users; }
const char *nvmlErrorString(int code) { return "something"; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **handle) {
  if (index > 1) return INVALID_ARGUMENT;
  *handle = &handles[index];
  return OK;
}
int nvmlDeviceGetName(void *handle, char *name, unsigned int size) {
  strncpy(name, is_second(handle) ? "Card B" : "Card A", size);
  return OK;
}
int nvmlDeviceGetUUID(void *handle, char *name, unsigned int size) {
  if (is_second(handle)) return NOT_SUPPORTED;
  strncpy(name, "GPU-1234", size);
  return OK;
}
int nvmlSystemGetDriverVersion(char *version, unsigned int size) { strncpy(version, "570.1", size); return OK; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12080; return OK; }
int nvmlSystemGetCudaDriverVersion(int *version) { *version = 12080; return OK; }
int nvmlDeviceGetMemoryInfo(void *handle, memory_t *memory) {
  memory->total = 80000000000ULL;
  memory->used = is_second(handle) ? 0 : 20000000000ULL;
  memory->free = memory->total - memory->used;
  return OK;
}
int nvmlDeviceGetUtilizationRates(void *handle, load_t *load) {
  if (is_second(handle)) return NOT_SUPPORTED;
  load->gpu = 97;
  load->memory = 12;
  return OK;
}
int nvmlDeviceGetPowerUsage(void *handle, unsigned int *milliwatts) {
  if (is_second(handle)) return NOT_SUPPORTED;
  *milliwatts = 350000;
  return OK;
}
int nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned int *milliwatts) { *milliwatts = 700000; return OK; }
