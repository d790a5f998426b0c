/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of recording a file is, and the older kind, pcap. */
#include "sim/wire/pcap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/wire/pcap_internal.h"

/* draft-ietf-opsawg-pcap 4, 5. */
enum {
  HEADER_LEN = 24,
  RECORD_LEN = 16,
  VERSION_MAJOR = 2,
  AT_VERSION = 4,
  AT_LINK_TYPE = 20,
};
#define MAGIC_MICROSECONDS UINT32_C(0xa1b2c3d4)
#define MAGIC_NANOSECONDS UINT32_C(0xa1b23c4d)
#define MAGIC_MODIFIED UINT32_C(0xa1b2cd34) /* longer record headers */
#define FCS_LEN_GIVEN UINT32_C(0x04000000)
#define PS_PER_S UINT64_C(1000000000000)

int pcap_wrong(struct pcap *pcap, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(pcap->why, sizeof(pcap->why), format, arguments);
  va_end(arguments);
  return -1;
}

bool pcap_wanted(const struct pcap *pcap, unsigned number) {
  char text[16];
  if (!pcap->only) {
    return true;
  }
  const struct pcap_interface *interface = &pcap->interface[number];
  snprintf(text, sizeof(text), "%u", number);
  return strcmp(pcap->only, text) == 0 ||
         (interface->name_len && interface->name_len == strlen(pcap->only) &&
          memcmp(pcap->only, interface->name, interface->name_len) == 0);
}

pcap_time pcap_stamp(const struct pcap_interface *interface, uint64_t stamp) {
  uint64_t units = interface->units_per_s;
  pcap_time time = (pcap_time)interface->offset_s * (int64_t)PS_PER_S;
  if (units == 0) {
    return time;
  }
  time += (pcap_time)(stamp / units) * (int64_t)PS_PER_S;
  return time + (pcap_time)(stamp % units) * (int64_t)PS_PER_S / units;
}

int pcap_take(struct pcap *pcap, struct pcap_frame *frame, unsigned number,
              size_t at, uint32_t len, uint32_t wire_len, pcap_time time) {
  const struct pcap_interface *interface = &pcap->interface[number];
  if (interface->link_type != PCAP_LINKTYPE_ETHERNET && !pcap->any_link) {
    return pcap_wrong(pcap,
                      "frame %llu is of link type %u, only Ethernet (1) can "
                      "be replayed",
                      (unsigned long long)pcap->frames, interface->link_type);
  }
  if (len > PCAP_FRAME_MAX || wire_len > PCAP_FRAME_MAX) {
    return pcap_wrong(
        pcap, "frame %llu claims %lu bytes, a frame has at most %d",
        (unsigned long long)pcap->frames,
        (unsigned long)(len > wire_len ? len : wire_len), PCAP_FRAME_MAX);
  }
  *frame = (struct pcap_frame){
      .data = pcap->data + at,
      .len = len,
      .wire_len = wire_len > len ? wire_len : len,
      .fcs_len = interface->fcs_len,
      .time = time,
      .interface = number,
  };
  pcap->last = time;
  return 1;
}

int pcap_next_record(struct pcap *pcap, struct pcap_frame *frame) {
  size_t left = pcap->size - pcap->at;
  const struct pcap_interface *interface = &pcap->interface[0];
  if (left == 0) {
    return 0;
  }
  pcap->frames++;
  if (left < RECORD_LEN) {
    return pcap_wrong(pcap, "the file ends inside the header of frame %llu",
                      (unsigned long long)pcap->frames);
  }
  uint32_t seconds = pcap_get32(pcap, pcap->at);
  uint32_t fraction = pcap_get32(pcap, pcap->at + 4);
  uint32_t len = pcap_get32(pcap, pcap->at + 8);
  uint32_t wire_len = pcap_get32(pcap, pcap->at + 12);
  pcap->at += RECORD_LEN;
  /* The fraction may be more than a second: nobody promises otherwise. */
  pcap_time time =
      (pcap_time)seconds * (int64_t)PS_PER_S +
      (pcap_time)fraction * (int64_t)(PS_PER_S / interface->units_per_s);
  int taken = pcap_take(pcap, frame, 0, pcap->at, len, wire_len, time);
  if (taken > 0 && len > left - RECORD_LEN) {
    return pcap_wrong(pcap,
                      "the file ends inside frame %llu: %lu of %lu bytes are "
                      "there",
                      (unsigned long long)pcap->frames,
                      (unsigned long)(left - RECORD_LEN), (unsigned long)len);
  }
  pcap->at += taken > 0 ? len : 0;
  return taken;
}

/* The file's header. The upper half of the link type may say how long the FCS
 * of each frame is, in units of 16 bits. */
static bool open_pcap(struct pcap *pcap, uint64_t units_per_s) {
  struct pcap_interface *interface = &pcap->interface[0];
  if (pcap->size < HEADER_LEN) {
    pcap_wrong(pcap, "the file ends inside its header");
    return false;
  }
  uint32_t link = pcap_get32(pcap, AT_LINK_TYPE);
  uint16_t version = pcap_get16(pcap, AT_VERSION);
  *interface = (struct pcap_interface){
      .link_type = (uint16_t)link,
      .units_per_s = units_per_s,
      .fcs_len = (uint8_t)(link & FCS_LEN_GIVEN ? (link >> 28) * 2 : 0),
  };
  pcap->interfaces = 1;
  pcap->at = HEADER_LEN;
  pcap->only_met = pcap_wanted(pcap, 0);
  if (version != VERSION_MAJOR) {
    pcap_wrong(pcap, "this is pcap of version %u, expected version 2", version);
  } else if (interface->link_type != PCAP_LINKTYPE_ETHERNET &&
             !pcap->any_link) {
    pcap_wrong(pcap,
               "the recording is of link type %u, only Ethernet (1) can be "
               "replayed",
               interface->link_type);
  } else if (interface->fcs_len != 0 && interface->fcs_len != 4) {
    pcap_wrong(pcap, "frames are said to have %u bytes of FCS, expected 0 or 4",
               interface->fcs_len);
  }
  return !*pcap->why;
}

static bool open_either(struct pcap *pcap) {
  const uint8_t *data = pcap->data;
  if (pcap->size < 4) {
    pcap_wrong(pcap, "this is no recording: the file has %zu bytes",
               pcap->size);
    return false;
  }
  for (int big = 0; big < 2; big++) {
    pcap->big_endian = big;
    switch (pcap_get32(pcap, 0)) {
      case MAGIC_MICROSECONDS:
        return open_pcap(pcap, 1000000);
      case MAGIC_NANOSECONDS:
        return open_pcap(pcap, 1000000000);
      case PCAPNG_SECTION: /* the same in either order */
        pcap->pcapng = true;
        return true;
      case MAGIC_MODIFIED:
        pcap_wrong(pcap,
                   "this is 'modified' pcap, expected pcap or pcapng (editcap "
                   "converts it)");
        return false;
      default:
        break;
    }
  }
  if (data[0] == 0x1f && data[1] == 0x8b) {
    pcap_wrong(pcap, "this is compressed, unpack it with gunzip");
  } else {
    pcap_wrong(pcap,
               "this is neither pcap nor pcapng: it begins with %02x %02x %02x "
               "%02x",
               data[0], data[1], data[2], data[3]);
  }
  return false;
}

bool pcap_open(struct pcap *pcap, const uint8_t *data, size_t size,
               const char *only) {
  *pcap = (struct pcap){.data = data, .size = size, .only = only};
  return open_either(pcap);
}

bool pcap_open_any(struct pcap *pcap, const uint8_t *data, size_t size) {
  *pcap = (struct pcap){.data = data, .size = size, .any_link = true};
  return open_either(pcap);
}

int pcap_next(struct pcap *pcap, struct pcap_frame *frame) {
  if (*pcap->why) {
    return -1;
  }
  for (;;) {
    int got =
        pcap->pcapng ? pcapng_next(pcap, frame) : pcap_next_record(pcap, frame);
    if (got <= 0 || pcap_wanted(pcap, frame->interface)) {
      return got;
    }
  }
}
