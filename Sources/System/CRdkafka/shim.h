#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/prctl.h>

// Swift cannot call variadic functions. At most 15 bytes of the name are kept.
static inline void rdkafka_shim_name_thread(const char *name) {
  (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}
