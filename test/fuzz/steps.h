/*
 * The steps of sequence_fuzz's inputs, as its reader takes them and its mutator (steps.c) makes them.
 */
#pragma once

#include "events.h"
#include "grammar.h"

#define STEP_FILES 4u
#define STEPS_MOST 32u
/* Which machine, and what the registry holds. */
#define STEPS_HEAD 2u
/* Kind, file, how it comes, u16 length, event; then the request. */
#define STEP_REQUEST_HEAD (5u + FUZZ_EVENT_SIZE)

enum
{
    STEP_REQUEST,
    STEP_OPEN,
    STEP_CLOSE,
    STEP_DUPLICATE,
    STEP_START,
    STEP_EXIT,
    STEP_REUSE,
    STEP_MARK_EXITING,
    STEP_EXIT_THREAD,
    STEP_OPEN_PROCESS,
    STEP_OPEN_THREAD,
    STEP_CLOSE_HANDLE,
    STEP_SECURE,
    STEP_OTHER_REQUEST,
    STEP_KINDS
};

/* What the registry says of the service that may open the device beside administrators. */
enum
{
    SID_NONE,
    SID_WHOLE,
    SID_RAW,
    SID_OF_ANOTHER_TYPE,
    SID_KINDS
};

#define FUZZ_SID_LENGTH 32u
/* A whole SID of a service. */
extern const uint8_t FuzzServiceSid[FUZZ_SID_LENGTH];

/* Values that the mutator uses: those of the world. */
extern const FUZZ_WORDS *FuzzStepWords;
