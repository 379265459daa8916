/* What string.c has. */
#ifndef POLY_STRING_H
#define POLY_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *start, int value, size_t count);
int memcmp(const void *left, const void *right, size_t count);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t count);
char *strcpy(char *to, const char *from);
char *strchr(const char *text, int wanted);
size_t strspn(const char *text, const char *set);
size_t strcspn(const char *text, const char *set);

#endif
