/* The payload of a raw message (PROTOCOL 7.9): blocks of rows with their tables and schemas. */
#include <string.h>

#include "taosuv/block.h"
#include "wire/block/block.h"
#include "wire/status.h"
#include "wire/tmq/message.h"

enum {
  RECORD_HEAD = 18, /* version, rows, compressed, precision */
  VERSIONED = 100,  /* a first byte from here on: the head of the payload states its length */
  OFFSET_LOG = 1    /* the kind of an offset, in the low four bits of its type */
};

/* Takes the next `size` bytes; NULL when there are fewer. */
static const uint8_t* take(tuv_tmq_reader_t* reader, size_t size) {
  const uint8_t* at = reader->next;
  if (size > reader->left) return NULL;
  reader->next += size;
  reader->left -= size;
  return at;
}

/* Reads a number of at most 32 bits: seven bits in each byte, the lowest first. */
static bool take_varint(tuv_tmq_reader_t* reader, uint32_t* value) {
  uint64_t all = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const uint8_t* byte = take(reader, 1);
    if (byte == NULL) return false;
    all |= (uint64_t) (*byte & 0x7f) << shift;
    if ((*byte & 0x80) != 0) continue;
    *value = (uint32_t) all;
    return all <= UINT32_MAX;
  }
  return false;
}

/* Decodes a signed number, whose sign is in the lowest bit. */
static int32_t unzigzag(uint32_t value) {
  return (int32_t) (value >> 1 ^ (~(value & 1) + 1));
}

/* Reads a name: its length with a NUL, its bytes, the NUL. */
static const char* take_name(tuv_tmq_reader_t* reader) {
  uint32_t length;
  if (!take_varint(reader, &length) || length == 0) return NULL;
  const uint8_t* name = take(reader, length);
  if (name == NULL || name[length - 1] != 0 || memchr(name, 0, length - 1) != NULL) return NULL;
  return (const char*) name;
}

/* Reads an offset; false when it is cut off or of an unknown kind. Only offsets of the log are
 * numbers. */
static bool take_offset(tuv_tmq_reader_t* reader, int64_t* offset) {
  const uint8_t* type = take(reader, 1);
  if (type == NULL) return false;
  unsigned kind = *type & 15u;
  *offset = TUV_TMQ_NO_OFFSET;
  if (kind == OFFSET_LOG) {
    const uint8_t* at = take(reader, 8);
    if (at == NULL) return false;
    int64_t value = (int64_t) taosuv_load_u64(at);
    if (value >= 0) *offset = value;
    return true;
  }
  return (kind == 2 || kind == 3) && take(reader, 16) != NULL;
}

/* Reads both offsets: where the message begins, and where to go on. Newer servers state their
 * length, so that offsets of an unknown kind are skipped. */
static int read_head(tuv_tmq_reader_t* reader, tuv_errmsg_t* err) {
  if (reader->left == 0) return tuv_fail(err, TUV_EPROTO, "the message is empty");
  if (reader->next[0] < VERSIONED) {
    if (take_offset(reader, &reader->begin) && take_offset(reader, &reader->end)) return 0;
    return tuv_fail(err, TUV_EPROTO, "the message's offsets are cut off or of an unknown kind");
  }
  const uint8_t* head = take(reader, 5);
  uint32_t length = head == NULL ? UINT32_MAX : taosuv_load_u32(head + 1);
  const uint8_t* offsets = take(reader, length);
  if (offsets == NULL) return tuv_fail(err, TUV_EPROTO, "the message's head is cut off");
  tuv_tmq_reader_t inner = {.next = offsets, .left = length};
  if (!take_offset(&inner, &reader->begin) || !take_offset(&inner, &reader->end))
    reader->begin = reader->end = TUV_TMQ_NO_OFFSET;
  return 0;
}

int tuv_tmq_open(tuv_tmq_reader_t* reader, const uint8_t* data, size_t size, tuv_errmsg_t* err) {
  memset(reader, 0, sizeof *reader);
  reader->next = data;
  reader->left = size;
  reader->begin = reader->end = TUV_TMQ_NO_OFFSET;
  int status = read_head(reader, err);
  if (status < 0) return status;
  const uint8_t* counts = take(reader, 6);
  if (counts == NULL) return tuv_fail(err, TUV_EPROTO, "the message's head is cut off");
  reader->blocks = taosuv_load_u32(counts);
  reader->with_table = counts[4] != 0;
  reader->with_schema = counts[5] != 0;
  if (reader->blocks > reader->left / (RECORD_HEAD + TUV_BLOCK_HEADER))
    return tuv_fail(err, TUV_EPROTO, "the message states %u blocks in %zu bytes", reader->blocks,
                    reader->left);
  return 0;
}

/* Reads a block after its head, in which the number of rows is big-endian. */
static int read_record(const uint8_t* record, uint32_t length, tuv_tmq_part_t* part,
                       tuv_errmsg_t* err) {
  if (length < RECORD_HEAD + TUV_BLOCK_HEADER)
    return tuv_fail(err, TUV_EBLOCK, "it has %u bytes", length);
  uint64_t rows = 0;
  for (unsigned i = 8; i < 16; i++) rows = rows << 8 | record[i];
  if (record[16] != 0) return tuv_fail(err, TUV_EBLOCK, "it is compressed");
  part->precision = record[17];
  if (part->precision > TAOSUV_PRECISION_NS)
    return tuv_fail(err, TUV_EBLOCK, "it has the unknown precision %u", part->precision);
  part->block = record + RECORD_HEAD;
  part->size = length - RECORD_HEAD;
  if (rows != taosuv_load_u32(part->block + 8))
    return tuv_fail(err, TUV_EBLOCK, "it has %u rows, but its head states %llu",
                    taosuv_load_u32(part->block + 8), (unsigned long long) rows);
  return 0;
}

static bool take_column(tuv_tmq_reader_t* reader, tuv_tmq_field_t* field) {
  uint32_t bytes, id;
  const uint8_t* type = take(reader, 2);
  if (type == NULL || !take_varint(reader, &bytes) || !take_varint(reader, &id)) return false;
  field->type = type[0];
  field->bytes = unzigzag(bytes);
  field->name = take_name(reader);
  field->name_length = field->name == NULL ? 0 : (uint32_t) strlen(field->name);
  return field->name != NULL;
}

static int read_schema(tuv_tmq_reader_t* reader, tuv_tmq_part_t* part, tuv_errmsg_t* err) {
  uint32_t count, version;
  tuv_tmq_field_t field;
  if (!take_varint(reader, &count) || !take_varint(reader, &version))
    return tuv_fail(err, TUV_EPROTO, "the schema of block %u is cut off", reader->index);
  int32_t columns = unzigzag(count);
  if (columns < 0 || columns > (int32_t) TUV_BLOCK_MAX_COLUMNS)
    return tuv_fail(err, TUV_EPROTO, "the schema of block %u has %d columns", reader->index,
                    columns);
  part->schema = reader->next;
  part->columns = (uint32_t) columns;
  for (int32_t i = 0; i < columns; i++)
    if (!take_column(reader, &field))
      return tuv_fail(err, TUV_EPROTO, "the schema of block %u: column %d is malformed",
                      reader->index, i);
  return 0;
}

/* Reads the schema and the name of the table, which follow the block. */
static int read_labels(tuv_tmq_reader_t* reader, tuv_tmq_part_t* part, tuv_errmsg_t* err) {
  int status = reader->with_schema ? read_schema(reader, part, err) : 0;
  if (status < 0 || !reader->with_table) return status;
  const char* name = take_name(reader);
  if (name == NULL)
    return tuv_fail(err, TUV_EPROTO, "the table's name of block %u is malformed", reader->index);
  part->table = name;
  return 0;
}

int tuv_tmq_next(tuv_tmq_reader_t* reader, tuv_tmq_part_t* part, tuv_errmsg_t* err) {
  uint32_t length;
  const uint8_t* record = NULL;
  memset(part, 0, sizeof *part);
  part->table = "";
  if (reader->index == reader->blocks) return 0;
  if (take_varint(reader, &length)) record = take(reader, length);
  if (record == NULL)
    return tuv_fail(err, TUV_EPROTO, "block %u of the message is cut off", reader->index);
  int status = read_labels(reader, part, err);
  if (status < 0) return status;
  status = read_record(record, length, part, err);
  reader->index++;
  return status < 0 ? status : 1;
}

const uint8_t* tuv_tmq_field(const uint8_t* schema, tuv_tmq_field_t* field) {
  tuv_tmq_reader_t reader = {.next = schema, .left = SIZE_MAX}; /* it was checked */
  take_column(&reader, field);
  return reader.next;
}

static size_t put_varint(uint8_t* out, size_t at, uint32_t value) {
  do {
    uint8_t more = value > 0x7f ? 0x80 : 0;
    if (out != NULL) out[at] = (uint8_t) ((value & 0x7f) | more);
    at++;
    value >>= 7;
  } while (value > 0);
  return at;
}

size_t tuv_tmq_put_field(uint8_t* out, const tuv_tmq_field_t* field) {
  if (out != NULL) {
    out[0] = field->type;
    out[1] = 0;
  }
  size_t at = put_varint(out, 2, (uint32_t) field->bytes << 1);
  at = put_varint(out, at, 0);
  at = put_varint(out, at, field->name_length + 1);
  if (out != NULL) memcpy(out + at, field->name, field->name_length + 1);
  return at + field->name_length + 1;
}
