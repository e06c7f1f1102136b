import numpy as np
import matplotlib.pyplot as plt


class HodgkinHuxley:
    """Squid axon, forward Euler; arrays kept on the object."""

    C_m = 1.0
    g_Na = 120.0
    g_K = 36.0
    g_L = 0.3
    E_Na = 50.0
    E_K = -77.0
    E_L = -54.387

    def alpha_m(self, V): return 0.1*(V+40.0)/(1.0 - np.exp(-(V+40.0)/10.0))
    def beta_m(self, V): return 4.0*np.exp(-(V+65.0)/18.0)
    def alpha_h(self, V): return 0.07*np.exp(-(V+65.0)/20.0)
    def beta_h(self, V): return 1.0/(1.0 + np.exp(-(V+35.0)/10.0))
    def alpha_n(self, V): return 0.01*(V+55.0)/(1.0 - np.exp(-(V+55.0)/10.0))
    def beta_n(self, V): return 0.125*np.exp(-(V+65.0)/80.0)

    def I_Na(self, V, m, h): return self.g_Na*m**3*h*(V - self.E_Na)
    def I_K(self, V, n): return self.g_K*n**4*(V - self.E_K)
    def I_L(self, V): return self.g_L*(V - self.E_L)

    def I_inj(self, t):
        return 10*(t > 5) - 10*(t > 20)

    def run(self, T=25.0, dt=0.01):
        self.t = np.arange(0.0, T, dt)
        N = len(self.t)
        self.V = np.zeros(N)
        self.m, self.h, self.n = np.zeros(N), np.zeros(N), np.zeros(N)
        self.V[0], self.m[0], self.h[0], self.n[0] = -65.0, 0.05, 0.6, 0.32
        for i in range(N - 1):
            V, m, h, n = self.V[i], self.m[i], self.h[i], self.n[i]
            dV = (self.I_inj(self.t[i]) - self.I_Na(V, m, h) - self.I_K(V, n) - self.I_L(V))/self.C_m
            self.V[i+1] = V + dt*dV
            self.m[i+1] = m + dt*(self.alpha_m(V)*(1.0-m) - self.beta_m(V)*m)
            self.h[i+1] = h + dt*(self.alpha_h(V)*(1.0-h) - self.beta_h(V)*h)
            self.n[i+1] = n + dt*(self.alpha_n(V)*(1.0-n) - self.beta_n(V)*n)


if __name__ == '__main__':
    hh = HodgkinHuxley()
    hh.run()
    plt.figure()
    plt.subplot(2, 1, 1)
    plt.plot(hh.t, hh.V, 'k')
    plt.ylabel('V (mV)')
    plt.subplot(2, 1, 2)
    plt.plot(hh.t, hh.m, 'r', label='m')
    plt.legend()
    plt.show()
