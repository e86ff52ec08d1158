/*
 * A kernel that lies: queries that succeed without writing, that write less than they say, and process lists that
 * contradict themselves. Put between the driver and the simulated kernel by the linker (--wrap), because the simulation
 * itself is honest.
 */
#pragma once

#include <stdint.h>

/*
 * \brief The nth query from now lies (0: every one).
 * \param Which 0 process queries, 1 the process list, 2 thread queries, taken modulo.
 */
void FuzzLie(uint8_t Which, uint8_t Nth, uint8_t How, uint16_t Where);

/* \brief Ends it. */
void FuzzTellTheTruth(void);
