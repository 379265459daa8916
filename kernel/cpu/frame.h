/* Frames of typed messages whose arguments are plain numbers: one call packs, one
 * unpacks (SPEC IDL-8). All others are packed by what `poly idl` generated. */
#ifndef POLY_FRAME_H
#define POLY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "py/obj.h"
#include "ump.h"

#define FRAME_HEADER 4u            /* uint16 number, uint16 tag */
#define FRAME_NUMBERS 8u           /* arguments at the most */

enum frame_kind { FRAME_MESSAGE, FRAME_EVENT, FRAME_CALL, FRAME_RESPONSE };

struct frame {                     /* how a message looks */
    uint16_t number, pair;         /* pair: of a call its response's number, and back */
    uint8_t kind;                  /* enum frame_kind */
    bool plain;                    /* all of the below is valid */
    bool padded;                   /* there are gaps */
    uint8_t count;                 /* arguments */
    uint8_t length;                /* bytes in all */
    uint8_t offset[FRAME_NUMBERS];
    char code[FRAME_NUMBERS];      /* as in struct's formats: bBhHiIqQ */
};

/* From struct's format of what lies behind the header, with its padding. False:
 * not of plain numbers, or too long for one slot. */
bool frame_parse(struct frame *frame, const char *format);

/* Whether the arguments are small integers in their types' ranges. */
bool frame_fits(const struct frame *frame, const mp_obj_t *arguments);

/* Into `bytes`: UMP_LINE bytes of room, aligned to 8. False as frame_fits(). */
bool frame_pack(const struct frame *frame, unsigned tag, const mp_obj_t *arguments, void *bytes);

/* The arguments of a frame of the right length, aligned to 8. */
void frame_unpack(const struct frame *frame, const uint8_t *bytes, mp_obj_t *arguments);

#endif
