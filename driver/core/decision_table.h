/* STOPGAP */
#pragma once
#include "decision_names.h"
#include "nt.h"
typedef struct _TL_DECISION_ROW { UINT8 Identity, Thread, Verdict, Consent, Acquisition, Status, Decision, Reason, StatusFrom, VerdictFrom; } TL_DECISION_ROW;
static const TL_DECISION_ROW TlDecisionRows[] = {
    {4, 255, 255, 255, 255, 255, 0, 3, 1, 0},
    {255, 4, 255, 255, 255, 255, 0, 16, 1, 0},
    {255, 255, 4, 1, 255, 255, 0, 10, 1, 1},
    {255, 255, 4, 2, 255, 255, 0, 11, 1, 1},
    {255, 255, 255, 255, 2, 2, 0, 13, 2, 0},
    {255, 255, 255, 255, 4, 255, 0, 15, 2, 0},
    {255, 255, 1, 255, 255, 255, 0, 254, 1, 1},
    {255, 255, 255, 255, 2, 4, 0, 14, 2, 1},
    {255, 255, 255, 255, 2, 255, 0, 255, 2, 0},
    {255, 8, 255, 255, 255, 255, 0, 17, 1, 1},
    {255, 255, 4, 255, 1, 255, 1, 12, 0, 1},
    {255, 255, 2, 255, 1, 255, 1, 9, 0, 1},
    {255, 255, 255, 255, 255, 255, 0, 0, 1, 0},
};
static const UINT32 TlOperationRights[] = {0x10, 0x43a, 0x8, 0x10, 0x28, 0x8, 0x43a, 0x10, 0x800, 0x410, 0x800, 0x200, 0x2, 0x1, 0x40};
