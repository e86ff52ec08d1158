/*
 * The files of test/fixtures/golden, and the comparison with them, for golden_test.c.
 */
#ifndef TRUSTLET_TEST_GOLDEN_FILE_H
#define TRUSTLET_TEST_GOLDEN_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROOM 1024

/* Where they are. */
static const char *folder = "test/fixtures/golden";
static uint8_t expected[ROOM];
static size_t expected_length;
static int number;
static int failed;

/* One line of TAP. */
static void tell(int passed, const char *what)
{
    number++;
    failed += !passed;
    printf("%sok %d - %s\n", passed ? "" : "not ", number, what);
}

static int digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits are a byte, '#' begins a comment. Returns whether the file is there and has that form. */
static int read_bytes(const char *name)
{
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/%s.txt", folder, name);
    FILE *file = length > 0 && (size_t)length < sizeof path ? fopen(path, "rb") : NULL;
    int high = -1;
    int well = file != NULL;

    expected_length = 0;
    for (int c = well ? fgetc(file) : EOF; well && c != EOF; c = fgetc(file))
    {
        if (c == '#')
            while (c != EOF && c != '\n')
                c = fgetc(file);
        if (digit(c) < 0)
        {
            well = high < 0 && (c == ' ' || c == '\n' || c == '\r' || c == EOF);
            continue;
        }
        if (high < 0)
        {
            high = digit(c);
            continue;
        }
        well = expected_length < ROOM;
        if (well)
            expected[expected_length++] = (uint8_t)(high << 4 | digit(c));
        high = -1;
    }
    if (file != NULL)
        fclose(file);
    return well && high < 0;
}

/* One test: these are the bytes of the file. */
static void compare(const char *name, const void *bytes, size_t length)
{
    const int read = read_bytes(name);
    if (read && expected_length == length)
        for (size_t i = 0; i < length; i++)
            if (expected[i] != ((const uint8_t *)bytes)[i])
                printf("# %s: byte %u is 0x%02x, not 0x%02x\n", name, (unsigned)i, ((const uint8_t *)bytes)[i],
                       expected[i]);
    tell(read && expected_length == length && memcmp(expected, bytes, length) == 0, name);
}

#endif
