// The one door to libngtcp2: everything that imports CNGTCP2 sees exactly this.
#ifndef SELIUM_CNGTCP2_SHIM_H
#define SELIUM_CNGTCP2_SHIM_H

#include <ngtcp2/ngtcp2.h>

// 0.12 and 1.x differ in sources, not only in symbols: fail here rather than in a callback table.
#if NGTCP2_VERSION_NUM < 0x000c00 || NGTCP2_VERSION_NUM >= 0x000d00
#error "selium is written against ngtcp2 0.12 (Debian 12: libngtcp2-dev)"
#endif

#endif
