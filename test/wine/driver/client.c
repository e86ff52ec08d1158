/*
 * The Wine client: `client <service> [seconds of stress] [killed clients] [start/stop cycles]`. Ends with `N passed, N
 * failed`.
 */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

_Noreturn static void flood(const driver_names *names)
{
    struct batch
    {
        TL_QUERY_REQUEST request;
        uint32_t pids[TL_MAX_PIDS];
    } *input = calloc(1, sizeof *input);
    const DWORD length = 16 + TL_MAX_PIDS * 64;
    void *output = malloc(length);
    const TL_REQUEST_HEADER header = {24, 1, TL_MESSAGE_QUERY, 16, 64};
    HANDLE device = open_device(names, GENERIC_READ);
    input->request.Header = header;
    input->request.PidCount = TL_MAX_PIDS;
    for (int i = 0; i < (int)TL_MAX_PIDS; i++)
        input->pids[i] = GetCurrentProcessId();
    for (;;)
        (void)ask(device, TL_IOCTL_QUERY, input, sizeof *input, output, length, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
    {
        Sleep(INFINITE);
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "example") == 0)
    {
        example_tests(argv[2]);
        return finish();
    }
    if (argc > 4 && strcmp(argv[1], "inherit") == 0)
        return inherited(argv[2], argv[3], argv[4]);
    const bool flooding = argc > 2 && strcmp(argv[1], "flood") == 0;
    const char *service = argc > 1 ? argv[flooding ? 2 : 1] : "";
    const driver_names *names = strcmp(service, simulation.service) == 0 ? &simulation : &production;
    if (flooding)
        flood(names);
    common_tests(names);
    if (names == &simulation)
        simulation_tests();
    else
        production_tests();
    further_tests(names);
    stress(names, argc > 2 ? atoi(argv[2]) : 5);
    killed_clients(names, argc > 3 ? atoi(argv[3]) : 5);
    cycles(names, argc > 4 ? atoi(argv[4]) : 10);
    return finish();
}
