/**
 * A certificate and key for the fake API server, and good for nothing else: self-signed, for api.example, localhost and
 * 127.0.0.1. Made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -subj "/CN=fake api server" -addext "subjectAltName=DNS:api.example,DNS:localhost,IP:127.0.0.1"
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBtTCCAVqgAwIBAgIUP5TUBU66DerUPeGahXbnz9PqSyAwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPZmFrZSBhcGkgc2VydmVyMCAXDTI2MTEyMzE4MzcyOVoYDzIx
MjYxMDMwMTgzNzI5WjAaMRgwFgYDVQQDDA9mYWtlIGFwaSBzZXJ2ZXIwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQXEul54W8UNx5SKBeyUNaVvyVs+D5caennJsd+
W08U9ctfqc+240uf0NcriYFFDyYrc9WZMiFfpZvdtPlewXw6o3wwejAdBgNVHQ4E
FgQUI8SG9AosQ5p8Q6wPbYMzES8xosEwHwYDVR0jBBgwFoAUI8SG9AosQ5p8Q6wP
bYMzES8xosEwDwYDVR0TAQH/BAUwAwEB/zAnBgNVHREEIDAeggthcGkuZXhhbXBs
ZYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0kAMEYCIQCzOtrjgykwaSKr
CYkakbOQtjTdxx4dGJ9+2R8TU305lAIhANqAL97yThXxEIZ0uEtEg6iQ5gqAeIDn
ZGV36PvWub1j
-----END CERTIFICATE-----
`;

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU840bNJEzYvx2rpO
Q7dh+S8L2N8P3m8spt0JvfodkTKhRANCAAQXEul54W8UNx5SKBeyUNaVvyVs+D5c
aennJsd+W08U9ctfqc+240uf0NcriYFFDyYrc9WZMiFfpZvdtPlewXw6
-----END PRIVATE KEY-----
`;
