/*
 * The function behind secrets, by the vectors of its authors.
 */
#include "objects/secret.h"

#include <string.h>

#include "base/attr.h"
#include "support/suite.h"

/* Of the bytes 0, 1, 2... under the key 0 to 15; by the number of bytes. */
static const struct {
	size_t size;
	uint8_t secret[SECRET_SIZE];
} vectors[] = {
	{0,
	 {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
	  0x93}},
	{1,
	 {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
	  0x45}},
};

START_TEST(it_is_siphash)
{
	uint8_t key[SECRET_KEY_SIZE], bytes[64], secret[SECRET_SIZE];

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = i;
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		secret_make(key, bytes, vectors[i].size, secret);
		ck_assert_msg(memcmp(secret, vectors[i].secret, sizeof(secret)) == 0, "vector %zu",
			      i);
	}
}
END_TEST

START_TEST(every_bit_counts)
{
	uint8_t key[SECRET_KEY_SIZE] = {1, 2, 3}, bytes[24] = {4, 5, 6};
	uint8_t first[SECRET_SIZE], second[SECRET_SIZE];

	secret_make(key, bytes, sizeof(bytes), first);
	for (size_t i = 0; i < 8 * sizeof(bytes); i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		secret_make(key, bytes, sizeof(bytes), second);
		ck_assert_int_ne(memcmp(first, second, sizeof(first)), 0);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof(key); i++) {
		key[i / 8] ^= (uint8_t)(1u << i % 8);
		secret_make(key, bytes, sizeof(bytes), second);
		ck_assert_int_ne(memcmp(first, second, sizeof(first)), 0);
		key[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	secret_make(key, bytes, sizeof(bytes), second);
	ck_assert_int_eq(memcmp(first, second, sizeof(first)), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("secret");

	tcase_add_test(tcase, it_is_siphash);
	tcase_add_test(tcase, every_bit_counts);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
