/* The tests of the Wine client, by what they need. */
#ifndef TRUSTLET_WINE_TESTS_H
#define TRUSTLET_WINE_TESTS_H

#include "device.h"

void common_tests(const driver_names *names);
/* The shippable objects: Wine cannot resolve a client's handle nor answer the 64-byte query, and the driver says so. */
void production_tests(void);
/* The same objects and the seam: trustlets there are by script. */
void simulation_tests(void);
/* The program of driver/example, whose exit codes say what the driver decided. */
void example_tests(const char *program);
/* Refused, grown, overlapped and inherited requests; with the test build rights, expectations and counters. */
void further_tests(const driver_names *names);
/* The child with an inherited device handle; its exit code. */
int inherited(const char *device, const char *foreign, const char *simulated);
/* Eight threads for so many seconds. */
void stress(const driver_names *names, int seconds);
/* A client that is killed in the middle of its requests, so many times. */
void killed_clients(const driver_names *names, int times);
/* Starts, asks and stops the service so many times; it is left stopped. */
void cycles(const driver_names *names, int times);

#endif
