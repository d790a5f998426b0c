/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng: blocks of {type, length, body, length again}; a section header sets
 * the byte order and forgets the interfaces of the section before. */
#include <string.h>

#include "sim/wire/pcap_internal.h"

/* draft-ietf-opsawg-pcapng 3.1, 4. */
enum {
  BLOCK_INTERFACE = 1,
  BLOCK_PACKET_OLD = 2, /* obsolete: the interface has 16 bits */
  BLOCK_SIMPLE = 3,
  BLOCK_PACKET = 6,
  BLOCK_LEAST = 12,
  SECTION_LEAST = 28,
  INTERFACE_BODY = 8,
  PACKET_BODY = 20,
  SIMPLE_BODY = 4,
  AT_BODY = 8,
  AT_MAGIC = 8,
  AT_VERSION = 12,
  VERSION_MAJOR = 1,
  OPT_END = 0,
  OPT_IF_NAME = 2,
  OPT_IF_TSRESOL = 9,
  OPT_IF_FCSLEN = 13,
  OPT_IF_TSOFFSET = 14,
  OPT_EPB_FLAGS = 2,
  FLAG_FCS_SHIFT = 5,
  MICROSECONDS = 1000000,
};
#define BYTE_ORDER_MAGIC UINT32_C(0x1A2B3C4D)
#define FLAG_CRC_ERROR (UINT32_C(1) << 24)
#define FLAG_SYMBOL_ERROR (UINT32_C(1) << 31)

/* Body of a block: [at, end) of the file. */
struct body {
  size_t at, end;
};

/* A multiple of four that is at least `len`. */
static uint64_t padded(uint64_t len) {
  return (len + 3) / 4 * 4;
}

struct option {
  unsigned code;
  size_t at, len;
};

/* 1: an option, and `body` stands behind it; 0: there are no more; -1. */
static int next_option(struct pcap *pcap, struct body *body,
                       struct option *option) {
  size_t left = body->end - body->at;
  if (left == 0) {
    return 0;
  }
  if (left < 4) {
    return pcap_wrong(pcap, "byte %zu: an option is cut off", body->at);
  }
  option->code = pcap_get16(pcap, body->at);
  option->len = pcap_get16(pcap, body->at + 2);
  option->at = body->at + 4;
  if (option->code == OPT_END) {
    return 0;
  }
  if (padded(option->len) > left - 4) {
    return pcap_wrong(pcap,
                      "byte %zu: option %u claims %zu bytes, %zu are left",
                      body->at, option->code, option->len, left - 4);
  }
  body->at = option->at + (size_t)padded(option->len);
  return 1;
}

/* if_tsresol: 10^-n, or with the highest bit 2^-n. Units that are finer than
 * 64 bits hold can't reach a second. */
static uint64_t units_of(uint8_t resolution) {
  uint64_t units = 1;
  unsigned exponent = resolution & 0x7f;
  if (resolution & 0x80) {
    return exponent < 64 ? UINT64_C(1) << exponent : 0;
  }
  for (unsigned i = 0; i < exponent; i++) {
    if (units > UINT64_MAX / 10) {
      return 0;
    }
    units *= 10;
  }
  return units;
}

static uint64_t get64(const struct pcap *pcap, size_t at) {
  uint64_t first = pcap_get32(pcap, at), second = pcap_get32(pcap, at + 4);
  return pcap->big_endian ? first << 32 | second : second << 32 | first;
}

/* The length in bytes; writers that read the draft to the letter say bits. */
static int set_fcs_len(struct pcap *pcap, struct pcap_interface *interface,
                       uint8_t len) {
  if (len != 0 && len != 4 && len != 32) {
    return pcap_wrong(pcap,
                      "interface %u says that frames have %u bytes of FCS, "
                      "expected 0 or 4",
                      pcap->interfaces, len);
  }
  interface->fcs_len = len ? 4 : 0;
  return 1;
}

static int set_interface_option(struct pcap *pcap,
                                struct pcap_interface *interface,
                                const struct option *option) {
  const uint8_t *value = pcap->data + option->at;
  switch (option->code) {
    case OPT_IF_NAME:
      interface->name = value;
      interface->name_len = option->len;
      return 1;
    case OPT_IF_TSRESOL:
      if (option->len == 1) {
        interface->units_per_s = units_of(*value);
        return 1;
      }
      break;
    case OPT_IF_FCSLEN:
      if (option->len == 1) {
        return set_fcs_len(pcap, interface, *value);
      }
      break;
    case OPT_IF_TSOFFSET:
      if (option->len == 8) {
        interface->offset_s = (int64_t)get64(pcap, option->at);
        return 1;
      }
      break;
    default:
      return 1;
  }
  return pcap_wrong(pcap, "byte %zu: option %u of an interface has %zu bytes",
                    option->at, option->code, option->len);
}

static int read_interface(struct pcap *pcap, struct body body) {
  struct option option;
  int got;
  if (body.end - body.at < INTERFACE_BODY) {
    return pcap_wrong(pcap, "byte %zu: the interface block is too short",
                      body.at);
  }
  if (pcap->interfaces == PCAP_INTERFACES) {
    return pcap_wrong(pcap, "there are more than %d interfaces",
                      PCAP_INTERFACES);
  }
  struct pcap_interface *interface = &pcap->interface[pcap->interfaces];
  *interface = (struct pcap_interface){
      .link_type = pcap_get16(pcap, body.at),
      .snaplen = pcap_get32(pcap, body.at + 4),
      .units_per_s = MICROSECONDS,
  };
  body.at += INTERFACE_BODY;
  while ((got = next_option(pcap, &body, &option)) > 0) {
    got = set_interface_option(pcap, interface, &option);
    if (got < 0) {
      return got;
    }
  }
  pcap->only_met |= pcap_wanted(pcap, pcap->interfaces);
  pcap->interfaces++;
  return got;
}

static int read_flags(struct pcap *pcap, struct pcap_frame *frame,
                      struct body body) {
  struct option option;
  int got;
  while ((got = next_option(pcap, &body, &option)) > 0) {
    if (option.code != OPT_EPB_FLAGS) {
      continue;
    }
    if (option.len != 4) {
      return pcap_wrong(
          pcap, "byte %zu: the flags of frame %llu have %zu bytes", option.at,
          (unsigned long long)pcap->frames, option.len);
    }
    uint32_t flags = pcap_get32(pcap, option.at);
    unsigned fcs_len = flags >> FLAG_FCS_SHIFT & 15;
    if (fcs_len != 0 && fcs_len != 4) {
      return pcap_wrong(pcap,
                        "frame %llu is said to have %u bytes of FCS, expected "
                        "4",
                        (unsigned long long)pcap->frames, fcs_len);
    }
    frame->fcs_len = fcs_len ? fcs_len : frame->fcs_len;
    frame->crc_error = flags & FLAG_CRC_ERROR;
    frame->symbol_error = flags & FLAG_SYMBOL_ERROR;
  }
  return got < 0 ? got : 1;
}

/* 0: a frame of an interface that nobody asked for. */
static int read_packet(struct pcap *pcap, struct pcap_frame *frame,
                       struct body body, bool old) {
  pcap->frames++;
  if (body.end - body.at < PACKET_BODY) {
    return pcap_wrong(pcap, "byte %zu: the block of frame %llu is too short",
                      body.at, (unsigned long long)pcap->frames);
  }
  unsigned number = old ? pcap_get16(pcap, body.at) : pcap_get32(pcap, body.at);
  uint64_t stamp = (uint64_t)pcap_get32(pcap, body.at + 4) << 32 |
                   pcap_get32(pcap, body.at + 8);
  uint32_t len = pcap_get32(pcap, body.at + 12);
  uint32_t wire_len = pcap_get32(pcap, body.at + 16);
  body.at += PACKET_BODY;
  if (number >= pcap->interfaces) {
    return pcap_wrong(
        pcap, "frame %llu names interface %u, %u have been described",
        (unsigned long long)pcap->frames, number, pcap->interfaces);
  }
  if (padded(len) > body.end - body.at) {
    return pcap_wrong(pcap, "frame %llu claims %lu bytes, its block has %zu",
                      (unsigned long long)pcap->frames, (unsigned long)len,
                      body.end - body.at);
  }
  if (!pcap_wanted(pcap, number)) {
    return 0;
  }
  int got = pcap_take(pcap, frame, number, body.at, len, wire_len,
                      pcap_stamp(&pcap->interface[number], stamp));
  body.at += (size_t)padded(len);
  return got < 0 ? got : read_flags(pcap, frame, body);
}

/* No time stamp, no interface, no options: the first interface's snap length
 * says how much is there. */
static int read_simple(struct pcap *pcap, struct pcap_frame *frame,
                       struct body body) {
  pcap->frames++;
  if (body.end - body.at < SIMPLE_BODY || pcap->interfaces == 0) {
    return pcap_wrong(pcap,
                      "byte %zu: the block of frame %llu is too short, or no "
                      "interface is described",
                      body.at, (unsigned long long)pcap->frames);
  }
  uint32_t wire_len = pcap_get32(pcap, body.at);
  uint32_t snaplen = pcap->interface[0].snaplen;
  uint32_t len = snaplen && snaplen < wire_len ? snaplen : wire_len;
  body.at += SIMPLE_BODY;
  if (padded(len) > body.end - body.at) {
    return pcap_wrong(pcap, "frame %llu claims %lu bytes, its block has %zu",
                      (unsigned long long)pcap->frames, (unsigned long)len,
                      body.end - body.at);
  }
  if (!pcap_wanted(pcap, 0)) {
    return 0;
  }
  return pcap_take(pcap, frame, 0, body.at, len, wire_len, pcap->last);
}

/* Sets the byte order, which the length of this block has already. */
static int open_section(struct pcap *pcap, size_t left) {
  if (left < SECTION_LEAST) {
    return pcap_wrong(pcap, "byte %zu: the file ends inside a section header",
                      pcap->at);
  }
  pcap->big_endian = pcap->data[pcap->at + AT_MAGIC] == 0x1A;
  if (pcap_get32(pcap, pcap->at + AT_MAGIC) != BYTE_ORDER_MAGIC) {
    return pcap_wrong(pcap,
                      "byte %zu: the byte order of the section is unknown",
                      pcap->at + AT_MAGIC);
  }
  uint16_t version = pcap_get16(pcap, pcap->at + AT_VERSION);
  if (version != VERSION_MAJOR) {
    return pcap_wrong(pcap, "this is pcapng of version %u, expected version 1",
                      version);
  }
  pcap->interfaces = 0;
  return 0;
}

/* Where the next block's body is; 1, or -1. The block is passed over. */
static int next_block(struct pcap *pcap, uint32_t *type, struct body *body) {
  size_t left = pcap->size - pcap->at;
  if (left < BLOCK_LEAST) {
    return pcap_wrong(pcap, "byte %zu: the file ends inside a block", pcap->at);
  }
  *type = pcap_get32(pcap, pcap->at);
  if (*type == PCAPNG_SECTION && open_section(pcap, left) < 0) {
    return -1;
  }
  uint32_t least = *type == PCAPNG_SECTION ? SECTION_LEAST : BLOCK_LEAST;
  uint32_t len = pcap_get32(pcap, pcap->at + 4);
  if (len < least || len % 4) {
    return pcap_wrong(pcap, "byte %zu: a block can't have %lu bytes", pcap->at,
                      (unsigned long)len);
  }
  if (len > left) {
    return pcap_wrong(pcap,
                      "byte %zu: the file ends inside a block: %zu of %lu "
                      "bytes are there",
                      pcap->at, left, (unsigned long)len);
  }
  if (pcap_get32(pcap, pcap->at + len - 4) != len) {
    return pcap_wrong(pcap, "byte %zu: the two lengths of the block differ",
                      pcap->at);
  }
  *body = (struct body){pcap->at + AT_BODY, pcap->at + len - 4};
  pcap->at += len;
  return 1;
}

int pcapng_next(struct pcap *pcap, struct pcap_frame *frame) {
  int got = 0;
  while (got == 0 && pcap->at < pcap->size) {
    uint32_t type = 0;
    struct body body = {0, 0};
    if (next_block(pcap, &type, &body) < 0) {
      return -1;
    }
    switch (type) {
      case BLOCK_INTERFACE:
        got = read_interface(pcap, body);
        break;
      case BLOCK_PACKET:
      case BLOCK_PACKET_OLD:
        got = read_packet(pcap, frame, body, type == BLOCK_PACKET_OLD);
        break;
      case BLOCK_SIMPLE:
        got = read_simple(pcap, frame, body);
        break;
      default: /* a section, statistics, names, and what others invent */
        break;
    }
  }
  return got;
}
