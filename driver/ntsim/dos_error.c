/* RtlNtStatusToDosError for the statuses of facts/nt.md 9. */
#include "machine.h"

#define ERROR_MR_MID_NOT_FOUND 317u /* [known] what the real function says of a status it has no code for */

typedef struct
{
    uint32_t status;
    uint32_t error;
} mapping;

static const mapping mappings[] = {
    {0x00000000u, 0},    {0x00000103u, 997},  {0x80000002u, 998}, {0x80000005u, 234}, {0x8000000Du, 299},
    {0x8000001Au, 259},  {0xC0000001u, 31},   {0xC0000002u, 1},   {0xC0000003u, 87},  {0xC0000004u, 24},
    {0xC0000005u, 998},  {0xC0000008u, 6},    {0xC000000Bu, 87},  {0xC000000Du, 87},  {0xC0000022u, 5},
    {0xC0000023u, 122},  {0xC0000024u, 6},    {0xC0000030u, 87},  {0xC000004Bu, 5},   {0xC0000061u, 1314},
    {0xC000009Au, 1450}, {0xC000009Du, 1167}, {0xC00000BBu, 50},  {0xC000010Au, 5},   {0xC0000428u, 577},
    {0xC000036Cu, 1275},
};

uint32_t ntsim_dos_error(nt_status status)
{
    for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++)
        if (mappings[i].status == (uint32_t)status)
            return mappings[i].error;
    return ERROR_MR_MID_NOT_FOUND;
}
