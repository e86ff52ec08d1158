/*
 * How much of what was tried got through validation, printed when the fuzzer ends: a fuzzer whose inputs are all
 * refused at the door has tested the door only.
 */
#pragma once

#include <stdint.h>

/* \brief Counts one execution. */
void FuzzCountExecution(void);

/* \brief Counts a request that the driver accepted. */
void FuzzCountAccepted(uint32_t Message);

/* \brief Counts something else under a name of its own, a string literal. */
void FuzzCount(const char *Name);
